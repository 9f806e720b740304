// One check of jsforce against the org that ORG tells of: node jsforce.cjs NAME
const assert = require('node:assert');
const crypto = require('node:crypto');
const { Connection } = require('@jsforce/jsforce-node');
const { SOAP } = require('@jsforce/jsforce-node/lib/soap');

const org = JSON.parse(process.env.ORG);
const unknown = '001Ho00000zzzzzIAA';
const ids = process.argv.slice(3);

// token connects with an access token of OAuth, which is SOAP's session too.
const token = () => new Connection({ instanceUrl: org.url, accessToken: org.access_token, version: '66.0' });

// outcome says of each result whether it was done, or by which code it wasn't.
const outcome = (results) => results.map((r) => (r.success ? 'done' : r.errors[0].statusCode));

const checks = {
  'login by SOAP': async (conn) => {
    assert.match(conn.userInfo.organizationId, /^00D/);
    const other = new Connection({ loginUrl: org.url, version: '60.0' });
    await assert.rejects(other.loginBySoap(org.username, 'wrong'), /INVALID_LOGIN/);
  },
  'query over several pages': async (conn) => {
    const { records: all } = await conn.query('SELECT Id, Name FROM Contact').run({ autoFetch: true, maxFetch: 100000 });
    const { totalSize } = await conn.query('SELECT COUNT() FROM Contact');
    assert.equal(new Set(all.map((r) => r.Id)).size, totalSize);
    assert.ok(totalSize > 2000);
  },
  'bulk2 query': async (conn) => {
    // One page: of several, jsforce ends its own stream after the first.
    const stream = await conn.bulk2.query('SELECT Id, LastName FROM Contact LIMIT 500', { pollInterval: 100 });
    assert.equal((await stream.toArray()).length, 500);
  },
  'bulk2 load': async (conn) => {
    const job = { object: 'Account', operation: 'insert', pollInterval: 100, pollTimeout: 20000 };
    const made = await conn.bulk2.loadAndWaitForResults({ ...job, input: [{ Name: 'js "one"' }, { Name: '' }] });
    assert.equal(made.successfulResults.length, 1);
    assert.match(made.failedResults[0].sf__Error, /REQUIRED_FIELD_MISSING/);
    const input = made.successfulResults.map((r) => ({ Id: r.sf__Id }));
    const gone = await conn.bulk2.loadAndWaitForResults({ ...job, operation: 'hardDelete', input });
    assert.equal(gone.successfulResults.length, 1);
  },
  'bulk of version 1 is refused in its own words': async (conn) => {
    await assert.rejects(async () => conn.bulk.load('Account', 'insert', [{ Name: 'one' }]), /Bulk API is not enabled/);
    const error = await conn.bulk.job('750Ho0000000001AAA').check().catch((err) => err);
    assert.equal(error.errorCode ?? error.name, 'FeatureNotEnabled');
  },
  'bulk2 load of unknown, malformed and deleted Ids': async (conn) => {
    const { id: gone } = await conn.sobject('Account').create({ Name: 'gone' });
    await conn.sobject('Account').destroy(gone);
    for (const operation of ['update', 'delete']) {
      const input = [unknown, 'rubbish', gone].map((Id) => (operation === 'delete' ? { Id } : { Id, Site: 'here' }));
      const { failedResults } = await conn.bulk2.loadAndWaitForResults({
        object: 'Account', operation, input, pollInterval: 100, pollTimeout: 20000,
      });
      assert.deepEqual(failedResults.map((r) => [r.Id, r.sf__Id, r.sf__Error.split(':')[0]]), [
        [unknown, '', 'INVALID_CROSS_REFERENCE_KEY'],
        ['rubbish', '', 'MALFORMED_ID'],
        [gone, gone, 'ENTITY_IS_DELETED'],
      ]);
    }
  },
  'update and destroy of unknown Ids': async (conn) => {
    const codes = (results) => results.map((r) => r.errors[0].statusCode ?? r.errors[0].errorCode);
    const ids = [unknown, '003Ho0000000001IAA'];
    const updated = await conn.sobject('Account').update(ids.map((Id) => ({ Id, Site: 'here' })));
    assert.deepEqual(codes(updated), ['INVALID_CROSS_REFERENCE_KEY', 'MALFORMED_ID']);
    const gone = await conn.sobject('Account').destroy([unknown, 'rubbish']);
    assert.deepEqual(codes(gone), ['INVALID_CROSS_REFERENCE_KEY', 'MALFORMED_ID']);
    await assert.rejects(conn.sobject('Account').update({ Id: unknown, Site: 'here' }), /invalid cross reference id/);
  },
  'search': async (conn) => {
    const { id } = await conn.sobject('Account').create({ Name: 'Quixotic js' });
    const { searchRecords } = await conn.search('FIND {quixotic AND js} IN NAME FIELDS RETURNING Account(Id, Name), Contact');
    assert.deepEqual(searchRecords.map((r) => [r.Id, r.Name]), [[id, 'Quixotic js']]);
    await assert.rejects(conn.search("FIND 'quixotic'"), /enclosed in braces/);
  },
  'tooling': async (conn) => {
    const list = async (soql) => (await conn.tooling.query(soql)).records;
    const objects = await list("SELECT DurableId, Label FROM EntityDefinition WHERE QualifiedApiName = 'Contact'");
    assert.deepEqual(objects.map((r) => r.DurableId), ['Contact']);
    const fields = await list("SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinitionId = 'Contact'");
    assert.equal(fields.length, (await conn.sobject('Contact').describe()).fields.length);
    assert.deepEqual(await list('SELECT Id, Name FROM ApexClass'), []);
    assert.ok((await conn.tooling.describeGlobal()).sobjects.some((o) => o.name === 'EntityDefinition'));
    assert.ok((await conn.tooling.sobject('FieldDefinition').describe()).fields.length > 5);
    await assert.rejects(conn.tooling.query('SELECT Id FROM FieldDefinition'), /a filter on a reified column is required/);
  },
  'SOAP query, queryMore, getUserInfo, getServerTimestamp': async (conn) => {
    const soap = new SOAP(conn, { endpointUrl: `${conn.instanceUrl}/services/Soap/u/${conn.version}` });
    const ids = new Set();
    let page = (await soap.invoke('query', { queryString: 'SELECT Id, LastName FROM Contact' })).result;
    const size = Number(page.size);
    for (;;) {
      for (const r of page.records) {
        assert.equal(r['sf:type'], 'Contact');
        ids.add(r['sf:Id'][0]);
      }
      if (page.done === 'true') break;
      page = (await soap.invoke('queryMore', { queryLocator: page.queryLocator })).result;
    }
    assert.equal(ids.size, size);
    assert.ok(size > 500);
    assert.equal((await conn.soap.getUserInfo()).userName, org.username);
    assert.ok(!Number.isNaN(Date.parse((await conn.soap.getServerTimestamp()).timestamp)));
    await assert.rejects(soap.invoke('query', { queryString: 'SELECT FROM' }), { errorCode: 'sf:MALFORMED_QUERY' });
    await assert.rejects(soap.invoke('queryMore', { queryLocator: '01g-1' }), { errorCode: 'sf:INVALID_QUERY_LOCATOR' });
  },
  'files in parts of a form, and blobs': async (conn) => {
    const text = Buffer.from(Array.from({ length: 70000 }, (_, i) => i % 256));
    const record = { PathOnClient: 'a.bin', VersionData: text.toString('base64') };
    const file = { VersionData: { contentType: 'application/octet-stream', filename: 'a.bin' } };
    const { id } = await conn.sobject('ContentVersion').create(record, { multipartFileFields: file });
    const made = await conn.sobject('ContentVersion').retrieve(id);
    assert.equal(made.Checksum, crypto.createHash('md5').update(text).digest('hex'));
    assert.equal(made.ContentSize, text.length);
    const body = await conn.sobject('ContentVersion').record(id).blob('VersionData').toArray();
    assert.ok(Buffer.concat(body).equals(text));
    await conn.sobject('ContentDocument').destroy(made.ContentDocumentId);
    await assert.rejects(conn.sobject('ContentVersion').retrieve(id), /entity is deleted/i);
    await assert.rejects(conn.sobject('ContentVersion').destroy(id), /cannot be deleted|entity is deleted/i);
  },
  'SOAP delete': async () => {
    const { soap } = token();
    assert.deepEqual(outcome(await soap.delete(ids)), ['done']);
    assert.deepEqual(outcome(await soap.delete(ids)), ['ENTITY_IS_DELETED']);
  },
  'SOAP undelete': async () => {
    const { soap } = token();
    assert.deepEqual(outcome(await soap.undelete([...ids, unknown])), ['done', 'INVALID_CROSS_REFERENCE_KEY']);
    assert.deepEqual(outcome(await soap.undelete(ids)), ['UNDELETE_FAILED']);
  },
  'SOAP emptyRecycleBin': async () => {
    const { soap } = token();
    const [root, child] = ids;
    assert.deepEqual(outcome(await soap.emptyRecycleBin([child])), ['DELETE_FAILED']);
    assert.deepEqual(outcome(await soap.emptyRecycleBin([root])), ['done']);
    assert.deepEqual(outcome(await soap.undelete([root])), ['UNDELETE_FAILED']);
  },
  'create, retrieve, upsert, destroy': async (conn) => {
    const { id } = await conn.sobject('Account').create({ Name: 'one' });
    assert.equal((await conn.sobject('Account').retrieve(id)).Name, 'one');
    const many = await conn.sobject('Account').create([{ Name: 'two' }, { Site: 'no name' }]);
    assert.deepEqual(many.map((r) => r.success), [true, false]);
    const first = await conn.sobject('Invoice__c').upsert({ Number__c: 'js-1', Notes__c: 'new' }, 'Number__c');
    const again = await conn.sobject('Invoice__c').upsert({ Number__c: 'js-1', Notes__c: 'known' }, 'Number__c');
    assert.deepEqual([first.created, again.created], [true, false]);
    assert.equal((await conn.sobject('Invoice__c').retrieve(again.id)).Notes__c, 'known');
    await conn.sobject('Account').update({ Id: id, Name: 'changed' });
    const gone = await conn.sobject('Account').destroy([id, many[0].id]);
    assert.ok(gone.every((r) => r.success));
    await assert.rejects(conn.sobject('Account').retrieve(id), /entity is deleted/i);
  },
  'identity, limits, describe, updated, deleted': async (conn) => {
    assert.equal((await conn.identity()).username, org.username);
    assert.equal((await conn.limits()).DailyApiRequests.Max, 100000);
    assert.ok((await conn.describeGlobal()).sobjects.length > 5);
    const about = await conn.sobject('Account').describe();
    assert.equal(about.keyPrefix, '001');
    assert.ok((await conn.sobject('Account').layouts()).layouts.length > 0);
    assert.ok((await conn.sobject('Account').compactLayouts()).compactLayouts.length > 0);
    const now = new Date();
    const before = new Date(now.getTime() - 3600 * 1000);
    assert.ok(Array.isArray((await conn.sobject('Account').updated(before, now)).ids));
    assert.ok(Array.isArray((await conn.sobject('Account').deleted(before, now)).deletedRecords));
  },
};

(async () => {
  const conn = new Connection({ loginUrl: org.url, version: '60.0' });
  await conn.loginBySoap(org.username, org.password);
  await checks[process.argv[2]](conn);
})().catch((err) => {
  console.error(err);
  process.exit(1);
});
