/// What a run of the load generator does: who connects, how much they publish, for how long.
///
/// One thread, one epoll set, so that the generator takes as little of a small machine as it can.
package struct LoadPlan: Sendable {
  /// How a device proves who it is.
  package enum Security: Sendable {
    /// Plain TCP; the client id names the device.
    case plain
    /// Mutual TLS 1.3; one certificate and key a device, DER, in the order of the devices.
    case mutualTLS(authority: [UInt8], identities: [Identity])
  }

  /// What a device of the load shows of itself: certificate and key.
  package struct Identity: Sendable {
    package let certificate: [UInt8]
    package let privateKey: [UInt8]

    package init(certificate: [UInt8], privateKey: [UInt8]) {
      self.certificate = certificate
      self.privateKey = privateKey
    }
  }

  /// What is published.
  package enum Work: Sendable {
    /// As fast as acknowledgements come back, `window` (1 to 64) unacknowledged messages a connection.
    case saturate(window: Int)
    /// So many messages a second in all, each timed from the moment it was due, not from when it was sent.
    case pace(messagesPerSecond: Double, window: Int)
    /// Connections only.
    case idle
  }

  package var host: String = "127.0.0.1"
  package var port: UInt16
  package var connections: Int
  package var security: Security
  package var work: Work
  /// Not measured, at the start.
  package var warmUpSeconds: Double = 1
  /// Measured; at most 120.
  package var measuredSeconds: Double = 5
  /// The topic's last part: `telemetry`, or `event` for the urgent lane.
  package var channel: String = "telemetry"
  /// The JSON of `values`, or for an event the members after `ts`.
  package var content: String = #""values":{"energyWh":1284200,"powerWatts":415}"#
  /// The number of the first device; device 17 is `d000017`.
  package var firstDevice: Int = 0
  /// Grows with every run against the same store, so that no message repeats an earlier one.
  package var boot: Int = 1
  /// The process whose CPU time and memory are read from /proc.
  package var serverPID: Int32?

  package init(port: UInt16, connections: Int, security: Security, work: Work) {
    self.port = port
    self.connections = connections
    self.security = security
    self.work = work
  }

  /// The name of a device: its client id, its part of the topic, its certificate's subject.
  package static func deviceName(_ number: Int) -> String {
    let digits = String(number)
    return "d" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }
}
