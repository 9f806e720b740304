"""One check of a client of Python against the org that ORG tells of: python python.py CLIENT NAME"""

import json
import os
import sys

ORG = json.loads(os.environ["ORG"])
UNKNOWN = "001Ho00000zzzzzIAA"


def refuses(words, call, *args, **named):
    """Expects that a call fails with these words, in the error or in the answer that it holds."""
    try:
        got = call(*args, **named)
    except Exception as error:  # whatever the client raises
        said = f"{error} {getattr(error, 'content', '')}"
        assert words in said, f"{words} is not in {said}"
        return
    raise AssertionError(f"not refused: {got}")


# pyforce does all by the partner SOAP API.


def pyforce_client():
    import pyforce

    client = pyforce.PythonClient(serverUrl=ORG["url"] + "/services/Soap/u/60.0")
    client.login(ORG["username"], ORG["password"])
    return client


def pyforce_login():
    import pyforce

    client = pyforce_client()
    assert client.getUserInfo()["userEmail"] == ORG["username"]
    client.logout()
    refuses("INVALID_SESSION_ID", client.query, "SELECT Id FROM Account")
    refuses("INVALID_LOGIN", pyforce.PythonClient(serverUrl=ORG["url"] + "/services/Soap/u/60.0").login, "a", "b")
    refuses("UNSUPPORTED_API_VERSION",
            pyforce.PythonClient(serverUrl=ORG["url"] + "/services/Soap/u/65.0").login, "a", "b")


def pyforce_query():
    client = pyforce_client()
    page = client.query("SELECT Id, LastName, CreatedDate, Account.Name FROM Contact")
    ids, size = set(), page.size
    while True:
        ids.update(record["Id"] for record in page)
        if page.done:
            break
        page = client.queryMore(page.queryLocator)
    assert len(ids) == size > 500, (len(ids), size)
    record = client.query("SELECT Id, NumberOfEmployees, IsDeleted FROM Account LIMIT 1")[0]
    assert record["type"] == "Account" and record["IsDeleted"] is False, record
    refuses("MALFORMED_QUERY", client.query, "SELECT FROM Account")
    refuses("INVALID_QUERY_LOCATOR", client.queryMore, "01g-1")


def pyforce_describe():
    client = pyforce_client()
    assert "Invoice__c" in client.describeGlobal()["types"]
    about = client.describeSObjects("Account")[0]
    assert about.fields["Name"].nameField and about.keyPrefix == "001", about


def pyforce_delete():
    client = pyforce_client()
    done = client.delete(sys.argv[3:])
    assert [r["success"] for r in done] == [True], done
    again = client.delete(sys.argv[3:])
    assert again[0]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED", again


# simple-salesforce speaks https only, and finds the login by the name of Salesforce's own host.


def simple_client():
    from simple_salesforce import Salesforce

    return Salesforce(instance_url=ORG["url"], session_id=ORG["access_token"], version="60.0")


def simple_login():
    import requests
    from requests.adapters import HTTPAdapter
    from simple_salesforce import SalesforceLogin

    class Here(HTTPAdapter):
        def send(self, request, **named):
            request.url = request.url.replace("https://login.salesforce.com", ORG["url"])
            return super().send(request, **named)

    session = requests.Session()
    session.mount("https://login.salesforce.com", Here())

    def login(password):
        return SalesforceLogin(username=ORG["username"], password=password, security_token="", sf_version="60.0",
                               session=session)

    token, instance = login(ORG["password"])
    assert token.startswith("00D") and "https://" + instance == ORG["url"], (token, instance)
    refuses("INVALID_LOGIN", login, "wrong")


def simple_query():
    sf = simple_client()
    found = sf.query_all("SELECT Id FROM Contact")
    assert len(found["records"]) == found["totalSize"] > 2000, found["totalSize"]


def simple_search():
    sf = simple_client()
    made = sf.Account.create({"Name": "Quixotic py"})["id"]
    found = sf.search("FIND {quixotic} IN NAME FIELDS RETURNING Account(Id, Name)")["searchRecords"]
    assert [r["Name"] for r in found] == ["Quixotic py"], found
    assert sf.quick_search("quixotic")["searchRecords"][0]["Id"] == made
    refuses("MALFORMED_SEARCH", sf.search, "FIND 'quixotic'")


def simple_tooling():
    sf = simple_client()
    soql = "SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Contact'"
    fields = sf.toolingexecute("query/", params={"q": soql})
    assert fields["size"] == len(sf.Contact.describe()["fields"]), fields["size"]


def simple_bulk1():
    refuses("FeatureNotEnabled", simple_client().bulk.Account.insert, [{"Name": "one"}])


def simple_bulk2():
    sf = simple_client()
    done = sf.bulk2.Account.update(records=[{"Id": UNKNOWN, "Site": "here"}])
    assert done[0]["numberRecordsFailed"] == 1, done
    failed = sf.bulk2.Account.get_failed_records(done[0]["job_id"])
    assert '"","INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--"' in failed, failed


def simple_unknown():
    sf = simple_client()
    refuses("INVALID_CROSS_REFERENCE_KEY", sf.Account.delete, UNKNOWN)
    refuses("NOT_FOUND", sf.Account.get, UNKNOWN)


def simple_files():
    import hashlib
    import tempfile

    sf = simple_client()
    made = sf.query("SELECT Id, Checksum, ContentSize, VersionData FROM ContentVersion WHERE ContentLocation = 'S' LIMIT 3")
    for record in made["records"]:
        body = sf.ContentVersion.get_base64(record["Id"], "VersionData")
        assert len(body) == record["ContentSize"], record
        assert hashlib.md5(body).hexdigest() == record["Checksum"], record
        assert record["VersionData"].endswith(f"/sobjects/ContentVersion/{record['Id']}/VersionData"), record
    account = sf.query("SELECT Id FROM Account LIMIT 1")["records"][0]["Id"]
    text = bytes(range(256)) * 100
    with tempfile.NamedTemporaryFile() as file:
        file.write(text)
        file.flush()
        attached = sf.Attachment.create({"Name": "a.bin", "ParentId": account, "Body": "YQ=="})["id"]
        assert sf.Attachment.get_base64(attached) == b"a"
        assert sf.Attachment.update_base64(attached, file.name) == 204
        assert sf.Attachment.get(attached)["BodyLength"] == len(text)
        assert sf.Attachment.get_base64(attached) == text
        refuses("REQUIRED_FIELD_MISSING", sf.ContentVersion.upload_base64, file.name, "VersionData")
    refuses("NOT_FOUND", sf.Attachment.get_base64, "00PHo00000zzzzzMAA")


CHECKS = {
    "pyforce": {
        "login, getUserInfo, logout": pyforce_login,
        "query and queryMore": pyforce_query,
        "describeGlobal and describeSObjects": pyforce_describe,
        "delete": pyforce_delete,
    },
    "simple-salesforce": {
        "login by SOAP": simple_login,
        "query_all over several pages": simple_query,
        "search and quick_search": simple_search,
        "toolingexecute": simple_tooling,
        "bulk of version 1 is refused in its own words": simple_bulk1,
        "bulk2 update of unknown Ids": simple_bulk2,
        "get and delete of unknown Ids": simple_unknown,
        "files of ContentVersion and Attachment, up and down": simple_files,
    },
}

if __name__ == "__main__":
    CHECKS[sys.argv[1]][sys.argv[2]]()
