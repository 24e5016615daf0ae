/// How calls and answers lie on the wire.
///
/// | bytes | what |
/// |---|---|
/// | 4 | how many bytes follow, big-endian, at most `ElementLimits.frameByteCountMax` |
/// | 1 | version of the protocol, 1 |
/// | 4 | number of the call; the answer has the same |
/// | 1 | 0 in a call; in an answer 0 for success, else the code of a `SecureElementError` |
/// | … | `ElementRequest.bytes`, or `ElementAnswer.bytes`, or nothing |
public struct ElementFrame: Hashable, Sendable {
  public static let version: UInt8 = 1
  static let lengthByteCount = 4
  static let headByteCount = 6

  public let number: UInt32
  /// 0, or why the call failed.
  public let code: UInt8
  public let body: [UInt8]

  public init(number: UInt32, code: UInt8 = 0, body: [UInt8]) {
    self.number = number
    self.code = code
    self.body = body
  }

  public var bytes: [UInt8] {
    var writer = FieldWriter()
    writer.integer(UInt32(Self.headByteCount + body.count))
    writer.integer(Self.version)
    writer.integer(number)
    writer.integer(code)
    return writer.bytes + body
  }

  /// Takes the first frame from the front of what came.
  ///
  /// - Returns: nil when it is not complete yet.
  /// - Throws: `.malformed` or `.version`: nothing after it can be understood, so the connection has to end.
  public static func take(from input: inout [UInt8]) throws(SecureElementError) -> ElementFrame? {
    guard input.count >= lengthByteCount else { return nil }
    let length = input[..<lengthByteCount].reduce(0) { $0 << 8 | Int($1) }
    guard (headByteCount...ElementLimits.frameByteCountMax).contains(length) else { throw .malformed }
    guard input.count > lengthByteCount else { return nil }
    guard input[lengthByteCount] == version else { throw .version }
    guard input.count >= lengthByteCount + length else { return nil }
    var reader = FieldReader(input[(lengthByteCount + 1)..<(lengthByteCount + headByteCount)])
    let (number, code): (UInt32, UInt8) = (try reader.integer(), try reader.integer())
    let body = Array(input[(lengthByteCount + headByteCount)..<(lengthByteCount + length)])
    input.removeFirst(lengthByteCount + length)
    return ElementFrame(number: number, code: code, body: body)
  }
}
