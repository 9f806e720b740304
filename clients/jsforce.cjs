// One check of jsforce against the org that ORG tells of: node jsforce.cjs NAME
const assert = require('node:assert');
const { Connection } = require('@jsforce/jsforce-node');

const org = JSON.parse(process.env.ORG);

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
