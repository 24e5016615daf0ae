/// A protocol version that a peer may speak; the raw value is the protocol level of CONNECT.
public enum MQTTVersion: UInt8, Sendable, CaseIterable {
  /// MQTT 3.1 (protocol name `MQIsdp`), the predecessor that old devices still speak.
  case v31 = 3
  /// MQTT 3.1.1, OASIS standard of 2014.
  case v311 = 4
  /// MQTT 5.0, OASIS standard of 2019.
  case v5 = 5
}

/// How surely a message arrives.
public enum MQTTQoS: UInt8, Sendable, Comparable, CaseIterable {
  case atMostOnce = 0
  case atLeastOnce = 1
  case exactlyOnce = 2

  public static func < (left: MQTTQoS, right: MQTTQoS) -> Bool { left.rawValue < right.rawValue }
}
