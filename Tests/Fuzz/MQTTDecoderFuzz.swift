// A libFuzzer target for the packet reader. Not part of the package (SwiftPM cannot link libFuzzer's main):
// `scripts/fuzz` compiles it together with Sources/Instruments/MQTT/Packet, which depends on nothing for this reason.

/// The stream's first byte chooses version and side; the rest is read as the server and the client do: packet after
/// packet. What is taken must be written and read again the same; a fault stops the program.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzMQTTDecoder(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 1 else { return 0 }
  let input = UnsafeRawBufferPointer(start: start, count: count)
  let version = MQTTVersion.allCases[Int(input[0] % 3)]
  let isFromClient = input[0] & 0x80 != 0
  var rest = UnsafeRawBufferPointer(rebasing: input[1...])
  while !rest.isEmpty {
    guard let header = try? MQTTFixedHeader.read(rest, packetBytesMax: 1 << 20), header.packetLength <= rest.count
    else { return 0 }
    let body = UnsafeRawBufferPointer(rebasing: rest[header.headerLength..<header.packetLength])
    if header.type == .publish {
      let flags = header.flags
      if let view = try? MQTTPublishView.decode(body, flags: flags, version: version, isFromClient: isFromClient) {
        precondition(view.topic.count + view.payload.count + view.rawProperties.count <= body.count)
        _ = view.properties
      }
    }
    if let packet = try? MQTTPacket.decode(header, body: body, version: version, isFromClient: isFromClient) {
      let bytes = packet.encoded(version: version)
      guard let again = try? MQTTPacket.decode(bytes, version: version, isFromClient: isFromClient) else {
        fatalError("a packet that was read is not readable when written")
      }
      precondition(again.packet == packet && again.byteCount == bytes.count)
    }
    rest = UnsafeRawBufferPointer(rebasing: rest[header.packetLength...])
  }
  return 0
}
