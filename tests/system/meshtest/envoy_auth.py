"""envoy.service.auth.v3 by protobuf's own library: CheckRequest, CheckResponse, as classes.

The table is what of the messages the tests read or write: field=number:type, `*` for lists, `map` for
text by text. Strings are those of proto3, so a text that is not UTF-8 does not parse."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "meshtest.auth"
MESSAGES = {
    "CheckRequest": "attributes=1:AttributeContext",
    "AttributeContext": "source=1:Peer destination=2:Peer request=4:Request context_extensions=10:map tls_session=12:TLSSession",
    "Peer": "address=1:Address service=2:string labels=3:map principal=4:string certificate=5:string",
    "Address": "socket_address=1:SocketAddress",
    "SocketAddress": "protocol=1:int32 address=2:string port_value=3:uint32",
    "Request": "time=1:Timestamp http=2:HttpRequest",
    "Timestamp": "seconds=1:int64 nanos=2:int32",
    "HttpRequest": "id=1:string method=2:string headers=3:map path=4:string host=5:string scheme=6:string query=7:string "
                   "fragment=8:string size=9:int64 protocol=10:string body=11:string raw_body=12:bytes",
    "TLSSession": "sni=1:string",
    "CheckResponse": "status=1:Status denied_response=2:DeniedHttpResponse ok_response=3:OkHttpResponse",
    "Status": "code=1:int32 message=2:string",
    "DeniedHttpResponse": "status=1:HttpStatus headers=2:*HeaderValueOption body=3:string",
    "HttpStatus": "code=1:int32",
    "OkHttpResponse": "headers=2:*HeaderValueOption headers_to_remove=5:*string response_headers_to_add=6:*HeaderValueOption "
                      "query_parameters_to_set=7:*QueryParameter query_parameters_to_remove=8:*string",
    "HeaderValueOption": "header=1:HeaderValue append=2:BoolValue append_action=3:int32",
    "HeaderValue": "key=1:string value=2:string raw_value=3:bytes",
    "BoolValue": "value=1:bool",
    "QueryParameter": "key=1:string value=2:string",
}


def _add_field(message, name, number, kind):
    field = message.field.add(name=name, number=number)
    field.label = field.LABEL_REPEATED if kind[0] == "*" or kind == "map" else field.LABEL_OPTIONAL
    kind = kind.lstrip("*")
    if kind == "map":
        entry = message.nested_type.add(name="".join(part.title() for part in name.split("_")) + "Entry")
        entry.options.map_entry = True
        _add_field(entry, "key", 1, "string")
        _add_field(entry, "value", 2, "string")
        kind = f"{message.name}.{entry.name}"
    if kind[0].isupper():
        field.type, field.type_name = field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    else:
        field.type = getattr(field, f"TYPE_{kind.upper()}")


def _classes():
    file = descriptor_pb2.FileDescriptorProto(name="meshtest/auth.proto", package=PACKAGE, syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for text in fields.split():
            field, _, rest = text.partition("=")
            number, _, kind = rest.partition(":")
            _add_field(message, field, int(number), kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return [factory.GetPrototype(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in ("CheckRequest", "CheckResponse")]


CheckRequest, CheckResponse = _classes()
