import Synchronization

/// What joins the use cases to the parts of this process that are always running: the gateway's connections, and the
/// services that wait for work.
package final class DeviceLinks: Sendable {
  private struct State {
    var sessions: (any DeviceSessions)?
    var archive: (any TelemetryArchive)?
    var board: LivenessBoard?
    var bells: [Bell: [AsyncStream<DeviceNumber?>.Continuation]] = [:]
  }

  /// Who is rung for.
  enum Bell: Hashable, CaseIterable {
    case commands
    case twins
    case resends
  }

  /// Devices that may wait behind a bell; beyond it the waiter is told to look at all.
  private static let waitingMax = 10_000

  private let state = Mutex(State())

  package init() {}

  /// The gateway says that it holds the connections of this process.
  package func attach(_ sessions: any DeviceSessions) {
    state.withLock { $0.sessions = sessions }
  }

  /// The connections of this process; nil in one that has no gateway.
  package var sessions: (any DeviceSessions)? { state.withLock { $0.sessions } }

  /// Where measured data is read. It needs a filled directory to open, so that it comes after `Devices.open`.
  package func attach(_ archive: any TelemetryArchive) {
    state.withLock { $0.archive = archive }
  }

  package var archive: (any TelemetryArchive)? { state.withLock { $0.archive } }

  func attach(_ board: LivenessBoard) {
    state.withLock { $0.board = board }
  }

  /// Whether devices are there, fresher than the table says; nil in a process without `LivenessService`.
  var board: LivenessBoard? { state.withLock { $0.board } }

  /// There is something to do for a device; nil: for nobody knows whom.
  func ring(_ bell: Bell, _ device: DeviceNumber?) {
    let waiting = state.withLock { $0.bells[bell] ?? [] }
    for continuation in waiting {
      if case .dropped = continuation.yield(device) { continuation.yield(nil) }
    }
  }

  /// A device connected: whatever waits for it can go.
  package func connected(_ device: DeviceNumber) {
    for bell in Bell.allCases { ring(bell, device) }
  }

  /// The devices that a bell was rung for.
  func listen(_ bell: Bell) -> AsyncStream<DeviceNumber?> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: DeviceNumber?.self, bufferingPolicy: .bufferingNewest(Self.waitingMax))
    state.withLock { $0.bells[bell, default: []].append(continuation) }
    return stream
  }
}
