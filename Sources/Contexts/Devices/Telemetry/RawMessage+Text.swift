import Kernel
import WireFormats

extension FoldSlice.Raw {
  /// For reading: JSON as it came, CBOR as JSON, anything else with its unreadable bytes replaced.
  var shown: RawMessage {
    RawMessage(channel: channel, receivedAt: receivedAt, text: text, bytes: bytes)
  }

  private var text: String {
    if body.withUnsafeBytes({ WireFormat(ofObject: $0) }) == .cbor, let value = try? WireValue(.cbor, body) {
      return String(decoding: JSONWriter.bytes(value), as: UTF8.self)
    }
    return String(decoding: body, as: UTF8.self)
  }
}
