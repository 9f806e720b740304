"""Holds every policy of a template to parliament, a linter of IAM policies.

    policies.py TEMPLATE...

Each policy is looked at twice: with every condition of the template true, and
with every one false. A finding that is no fault is named in ACCEPTED, with why.
"""
import json
import sys
import warnings

import yaml

warnings.filterwarnings("ignore")  # parliament asks setuptools for what it is about to lose
import parliament  # noqa: E402

# What parliament finds wrong with an action, and why it isn't.
ACCEPTED = {
    ("RESOURCE_MISMATCH", "states:DescribeExecution"):
        "an execution is a standard or an express one, and has one ARN: parliament wants both kinds in a statement",
}

# What a template refers to, as an account could have it.
KNOWN = {
    "AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "111122223333", "AWS::StackName": "catchment",
    "CodeBucket": "code", "ConfigKey": "catchment/catchment.yaml", "ScriptKey": "catchment/consolidate.py",
    "WorkgroupId": "0a1b2c3d-0000-1111-2222-333344445555",
    "KeyArns": ["arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-1111-2222-333344445555"],
    "WarehousePasswordArn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:catchment/warehouse-Ab12Cd",
    "Machine": "arn:aws:states:eu-west-1:111122223333:stateMachine:catchment",
}

# ARNs, by the type of what has them.
ARNS = {
    "AWS::S3::Bucket": "arn:aws:s3:::stage",
    "AWS::Lambda::Function": "arn:aws:lambda:eu-west-1:111122223333:function:catchment-step",
    "AWS::Logs::LogGroup": "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/catchment-step:*",
}
NOTHING = object()


def function(loader, suffix, node):
    """A short form such as !Ref x, as the map that it stands for."""
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix: value}


yaml.SafeLoader.add_multi_constructor("!", function)


def resolved(value, types, yes):
    """The value with its functions done; yes is what every condition is."""
    if isinstance(value, list):
        done = [resolved(v, types, yes) for v in value]
        return [v for v in done if v is not NOTHING]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (name, of), = value.items()
        if name == "Ref":
            return NOTHING if of == "AWS::NoValue" else KNOWN.get(of, of)
        if name == "GetAtt":
            return ARNS[types[of.split(".")[0]]]
        if name == "If":
            return resolved(of[1 if yes else 2], types, yes)
        if name == "Sub":
            for word, text in KNOWN.items():
                of = of.replace("${%s}" % word, text if isinstance(text, str) else text[0])
            for word, kind in types.items():
                of = of.replace("${%s.Arn}" % word, ARNS.get(kind, ""))
            if "${" in of:
                raise SystemExit("policies.py doesn't know what stands in " + of)
            return of
    done = {k: resolved(v, types, yes) for k, v in value.items()}
    return {k: v for k, v in done.items() if v is not NOTHING}


def policies(resources):
    """Every policy document that says what its owner may do, by name."""
    for name, r in resources.items():
        of = r.get("Properties", {})
        if "PolicyDocument" in of:
            yield name, of["PolicyDocument"]
        for p in of.get("Policies", []):
            yield name + "/" + p["PolicyName"], p["PolicyDocument"]


def findings(document):
    """What parliament says. Of a bucket's policy it is asked without the principals, whose rules it lacks."""
    statements = [{k: v for k, v in s.items() if k != "Principal"} for s in document["Statement"]]
    if not statements:
        yield "EMPTY", "", "IAM takes no policy without a statement"
        return
    asked = parliament.analyze_policy_string(json.dumps({"Version": document["Version"], "Statement": statements}))
    for f in asked.findings:
        detail = f.detail if isinstance(f.detail, list) else [f.detail]
        for d in detail:
            yield f.issue, d["action"] if isinstance(d, dict) and "action" in d else "", "%s %s" % (d, f.location)


def main(paths):
    looked, wrong, used = 0, 0, set()
    for path in paths:
        with open(path, encoding="utf-8") as f:
            resources = yaml.safe_load(f)["Resources"]
        types = {name: r["Type"] for name, r in resources.items()}
        for yes in (True, False):
            for name, document in policies(resources):
                if not yes and "Condition" in resources[name.split("/")[0]]:
                    continue
                looked += 1
                for issue, action, detail in findings(resolved(document, types, yes)):
                    if (issue, action) in ACCEPTED:
                        used.add((issue, action))
                        continue
                    wrong += 1
                    print("%s: %s: %s: %s" % (path, name, issue, detail), file=sys.stderr)
    for left in set(ACCEPTED) - used:
        wrong += 1
        print("policies.py: parliament doesn't find %s in %s any more: take it out of ACCEPTED" % left, file=sys.stderr)
    if looked == 0 or wrong:
        sys.exit("%d findings in %d policies" % (wrong, looked))
    print("%d policies: parliament finds nothing" % looked)


if __name__ == "__main__":
    main(sys.argv[1:])
