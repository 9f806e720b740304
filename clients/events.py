"""The events that Salesforce's stubs and Apache's Avro hear of the org that ORG tells of, a line of JSON for each:
python events.py TOPIC NUMBER [POSITION]"""

import io
import json
import os
import queue
import sys

import avro.io
import avro.schema
import grpc
from sfprotostash import pubsub_api_pb2 as pb
from sfprotostash import pubsub_api_pb2_grpc as service

ORG = json.loads(os.environ["ORG"])
HEADERS = (("accesstoken", ORG["access_token"]), ("instanceurl", ORG["url"]), ("tenantid", ORG["org_id"]))


def bits(bitmap):
    """The positions that a bitmap such as 0x0A has."""
    number = int(bitmap, 16)
    return [at for at in range(number.bit_length()) if number >> at & 1]


def names(schema, bitmaps):
    """The fields that a list of bitmaps names."""
    found = []
    for bitmap in bitmaps:
        parent, nested, parts = bitmap.rpartition("-")
        if not nested:
            found += [schema.fields[at].name for at in bits(bitmap)]
            continue
        field = schema.fields[int(parent)]
        record = next(s for s in field.type.schemas if s.type == "record")
        found += [field.name + "." + record.fields[at].name for at in bits(parts)]
    return found


def filled(value):
    """A value without what is null in it."""
    if not isinstance(value, dict):
        return value
    return {name: filled(inner) for name, inner in value.items() if inner is not None}


def hear(topic, wanted, position):
    credentials = grpc.ssl_channel_credentials(ORG["certificate"].encode())
    stub = service.PubSubStub(grpc.secure_channel(ORG["pubsub"], credentials))
    asked = queue.SimpleQueue()
    first = pb.FetchRequest(topic_name=topic, replay_preset=pb.EARLIEST, num_requested=min(100, wanted))
    if position:
        first.replay_preset, first.replay_id = pb.CUSTOM, bytes.fromhex(position)
    asked.put(first)
    schemas, heard = {}, 0
    for answer in stub.Subscribe(iter(asked.get, None), metadata=HEADERS):
        for one in answer.events:
            id = one.event.schema_id
            if id not in schemas:
                info = stub.GetSchema(pb.SchemaRequest(schema_id=id), metadata=HEADERS)
                schema = avro.schema.parse(info.schema_json)
                schemas[id] = schema, avro.io.DatumReader(schema)
            schema, reader = schemas[id]
            fields = reader.read(avro.io.BinaryDecoder(io.BytesIO(one.event.payload)))
            header = fields.pop("ChangeEventHeader")
            for list_of in ("nulledFields", "diffFields", "changedFields"):
                header[list_of] = names(schema, header[list_of])
            header["commitNumber"] = str(header["commitNumber"])
            print(json.dumps({"id": one.event.id, "replayId": one.replay_id.hex(), "schemaId": id, "header": header,
                              "fields": filled(fields)}))
            heard += 1
        if heard >= wanted:
            return
        if answer.pending_num_requested == 0:
            asked.put(pb.FetchRequest(num_requested=min(100, wanted - heard)))


try:
    hear(sys.argv[1], int(sys.argv[2]), *(sys.argv[3:] or [None]))
except grpc.RpcError as error:
    sys.exit(f"{error.code().name} {dict(error.trailing_metadata()).get('error-code')}")
