/// What is wrong with received bytes, and what the receiver may say before it closes the connection.
public struct MQTTDecodeError: Error, Sendable {
  /// What goes back to the sender before the close.
  public enum Answer: Equatable, Sendable {
    /// Nothing: the connection is closed at once, which both standards allow for any error.
    case none
    /// CONNACK or DISCONNECT with the reason, in version 5; nothing in 3.1.1.
    case reason
    /// A CONNACK in the form of version 5 to a CONNECT of an unknown version.
    case newestForm
    /// A 3.1.1 CONNACK with this return code (1: unacceptable protocol version, 2: identifier rejected).
    case returnCode(UInt8)
  }

  /// The version 5 reason code.
  public let reason: MQTTReasonCode
  /// What goes back.
  public let answer: Answer
  /// What the published packet sequences expect in place of `reason`, where they differ from the standard.
  public let suiteReason: MQTTReasonCode?
  /// For a log; constant text, so that nothing the peer sent gets in.
  public let detail: StaticString

  /// An error of the given reason.
  public init(
    _ reason: MQTTReasonCode, _ detail: StaticString, answer: Answer = .reason, suiteReason: MQTTReasonCode? = nil
  ) {
    self.reason = reason
    self.suiteReason = suiteReason
    self.answer = answer
    self.detail = detail
  }

  /// Bytes that cannot be parsed by the standard (4.13.1), reason 0x81.
  static func malformed(_ detail: StaticString) -> MQTTDecodeError { .init(.malformedPacket, detail) }

  /// A well-formed packet that is not allowed (4.13.1), reason 0x82.
  static func protocolError(_ detail: StaticString) -> MQTTDecodeError { .init(.protocolError, detail) }

  /// A malformed packet that is not worth an answer.
  static func silent(_ detail: StaticString) -> MQTTDecodeError { .init(.malformedPacket, detail, answer: .none) }
}
