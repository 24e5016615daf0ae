/// The limits of the gateway; each says what happens beyond it.
package struct DeviceGatewayOptions: Sendable {
  /// Devices connected at once; more are closed at accepting.
  package var connectionsMax = 100_000
  /// QoS 1 messages a version 5 device may have unacknowledged; announced, beyond it 0x93 and close.
  package var receiveMaximum: UInt16 = 64
  /// The same for 3.1.1, which cannot be told.
  package var receiveMaximum311: UInt16 = 1_024
  /// Bytes of one connection that wait to become durable; beyond it nothing is read from it until half are.
  package var waitingBytesOfConnectionMax = 256 << 10
  /// Bytes of one event loop that wait to become durable or are about to be read. Connections that bring many messages
  /// are read in turns within it, so that a tick stays short and another's alarm is read, committed and acknowledged
  /// within milliseconds. More make alarms wait longer, fewer lower the rate (docs/benchmarks.md).
  package var turnBytesOfLoop = 64 << 10
  /// What a connection may have waiting without having to take turns: a device that says something now and then.
  package var turnBytesOfConnection = 512
  /// Bytes of all connections that wait; beyond it reading stops from those that brought the most.
  package var waitingBytesMax = 64 << 20
  /// Down messages that wait for one connection; beyond it the device counts as not reachable for a while.
  package var downMessagesMax = 128
  /// Clock requests a connection and second that are answered; more are dropped.
  package var timeAnswersOfSecondMax = 10
  /// From accepting to a complete CONNECT, handshake included; then closed: half-open connections.
  package var connectTimeoutSeconds = 10
  /// A longer keep-alive or none is replaced by this one: a dead connection is noticed after one and a half of it.
  package var keepAliveSecondsMax: UInt16 = 1_200
  /// Whether a sensitive command waits until its device has agreed keys; without it one that has none gets it as it
  /// is, inside TLS.
  package var requiresProtection = false
  /// How often expired certificates are looked for.
  package var certificateCheckSeconds = 60

  package init() {}
}
