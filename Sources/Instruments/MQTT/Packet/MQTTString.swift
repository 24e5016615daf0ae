/// A UTF-8 string as MQTT means it: compared byte by byte, while Swift's `String` compares by canonical equivalence
/// (a topic in composed form is another topic than the same letters decomposed).
public struct MQTTString: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  /// The bytes; well-formed UTF-8 when it came from a packet or a `String`.
  public let utf8: [UInt8]

  /// The UTF-8 bytes of a string.
  public init(_ text: String) { utf8 = Array(text.utf8) }

  /// Bytes that are known to be UTF-8.
  public init(utf8: [UInt8]) { self.utf8 = utf8 }

  /// A copy of a view.
  public init(_ view: UnsafeRawBufferPointer) { utf8 = Array(view) }

  public init(stringLiteral value: String) { self.init(value) }

  /// As a Swift string.
  public var description: String { String(decoding: utf8, as: UTF8.self) }

  /// Whether there is nothing in it.
  public var isEmpty: Bool { utf8.isEmpty }
}
