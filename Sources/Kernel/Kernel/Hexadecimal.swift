extension Sequence<UInt8> {
  /// Two small digits a byte, without anything between them.
  package var hexadecimal: String {
    reduce(into: "") { text, byte in
      text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
  }
}
