// The events that salesforce-pubsub-api-client hears of the org that ORG tells of, a line of JSON for each:
// node events.mjs TOPIC NUMBER [POSITION]
import PubSubApiClient from 'salesforce-pubsub-api-client';

const org = JSON.parse(process.env.ORG);
const [topic, number, position] = process.argv.slice(2);
const wanted = Number(number);
const quiet = () => {};
const client = new PubSubApiClient(
  {
    authType: 'user-supplied',
    accessToken: org.access_token,
    instanceUrl: org.url,
    organizationId: org.org_id,
    pubSubEndpoint: org.pubsub,
    rejectUnauthorizedSsl: false,
  },
  { debug: quiet, info: quiet, warn: quiet, error: console.error },
);
const fail = (why) => {
  console.error(why);
  process.exit(1);
};

// filled leaves out what is null, at any depth.
const filled = (value) => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const all = Object.entries(value).filter(([, v]) => v !== null).map(([k, v]) => [k, filled(v)]);
  return Object.fromEntries(all);
};
let heard = 0;
const told = (subscription, type, data) => {
  if (type === 'error') fail(data);
  if (type === 'event') {
    const { ChangeEventHeader: header, ...fields } = data.payload;
    const replayId = BigInt(data.replayId).toString(16).padStart(16, '0');
    const event = { id: data.id, replayId, schemaId: data.schemaId, header, fields: filled(fields) };
    console.log(JSON.stringify(event, (key, value) => (typeof value === 'bigint' ? value.toString() : value)));
    heard += 1;
    // Its close waits for the server, which ends the stream of who asks for nothing after a minute.
    if (heard === wanted) process.stdout.write('', () => process.exit(0));
  }
  if (type === 'lastEvent' && heard < wanted) {
    client.requestAdditionalEvents(subscription.topicName, Math.min(100, wanted - heard));
  }
};
await client.connect();
const first = Math.min(100, wanted);
if (position) {
  client.subscribeFromReplayId(topic, told, first, Number(BigInt('0x' + position.slice(0, 16))));
} else {
  client.subscribeFromEarliestEvent(topic, told, first);
}
