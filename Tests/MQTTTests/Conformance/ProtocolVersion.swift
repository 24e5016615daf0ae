/// A version of the standard, named as in the statement lists and the vector files.
enum ProtocolVersion: String, CaseIterable, Sendable {
  case v3 = "3.1.1"
  case v5 = "5.0"

  /// The protocol level byte of CONNECT.
  var level: UInt8 { self == .v3 ? 4 : 5 }
}

/// A normative statement of one version, such as `MQTT-3.1.0-1` of 5.0.
struct Statement: Hashable, Sendable, CustomStringConvertible {
  var version: ProtocolVersion
  /// As printed, without brackets.
  var id: String

  var description: String { "\(version.rawValue) [\(id)]" }
}
