package import Histogram

/// What a run measured.
package struct LoadReport: Sendable {
  package var connections = 0
  package var connectSeconds = 0.0
  package var measuredSeconds = 0.0
  /// Acknowledged within the measured time.
  package var acknowledged = 0
  /// Acknowledged from the first to the last, warm-up too.
  package var acknowledgedInAll = 0
  /// From due (paced) or sent (saturated) to acknowledged, microseconds.
  package var latencyMicroseconds = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
  /// Connections that the server closed.
  package var lost = 0
  /// Paced messages that no connection had room for.
  package var skipped = 0
  package var server = ProcessUse()
  /// The part of the machine's processors that neither the server nor this process used while it was measured: 0 to 1.
  package var othersShare = 0.0

  package init() {}

  package var messagesPerSecond: Double { measuredSeconds > 0 ? Double(acknowledged) / measuredSeconds : 0 }
  package var serverMicrosecondsPerMessage: Double {
    acknowledged > 0 ? server.cpuSeconds * 1e6 / Double(acknowledged) : 0
  }
}

/// What a process used while it was measured.
package struct ProcessUse: Sendable {
  package var cpuSeconds = 0.0
  package var residentKiBBefore = 0
  package var residentKiB = 0

  package init() {}
}
