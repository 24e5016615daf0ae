import Kernel
import Logging
import ServiceLifecycle

/// Judges devices when their deadlines come, and brings what changed to table and journal. Deadlines are worked out
/// from the table, so that they survive a restart.
package struct LivenessService: Service {
  /// How often deadlines are looked at: how late a state may change.
  static let turn: Duration = .milliseconds(250)
  /// Devices of one unit of work.
  static let batchMax = 500

  private let devices: Devices
  private let board: LivenessBoard

  package init(devices: Devices, board: LivenessBoard) {
    self.devices = devices
    self.board = board
  }

  /// Takes over what was known; to be called once, after `Devices.open` and before the gateway listens.
  package func open() async throws(DevicesError) {
    var last = DeviceNumber(0)
    while true {
      let after = last
      let rows = try await devices.work.read(DevicesError.self) { sql in
        try sql.allLiveness(after: after, limit: 5_000)
      }
      guard let end = rows.last else { break }
      last = end.0
      board.load(rows, at: devices.work.time.now())
    }
    devices.links.attach(board)
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await step()
        try? await devices.work.time.sleep(for: Self.turn)
      }
    }
    // What changed while stopping is written too: the last word is when it was connected.
    await step()
  }

  private func step() async {
    do { try await turn() } catch {
      devices.work.logger.warning("liveness waits for the store", metadata: ["error": "\(error)"])
    }
  }

  /// Judges what is due and writes all changes.
  package func turn() async throws(DevicesError) {
    board.turn(at: devices.work.time.now())
    while true {
      let changes = board.take(Self.batchMax)
      if changes.isEmpty { return }
      do { try await write(changes) } catch {
        board.putBack(changes)
        throw error
      }
      if changes.count < Self.batchMax { return }
    }
  }

  private func write(_ changes: [LivenessBoard.Change]) async throws(DevicesError) {
    let directory = devices.directory.snapshot()
    try await devices.work.run(DevicesError.self) { unit in
      for change in changes {
        guard let entry = directory[change.device] else { continue }
        try unit.sql.put(change.liveness, of: entry.id, organisation: entry.organisation)
        guard change.from != change.liveness.state else { continue }
        if change.from == .unseen { try unit.activate(entry.id, organisation: entry.organisation) }
        try unit.record(
          LivenessChanged(
            device: entry.id, from: change.from, to: change.liveness.state, at: change.liveness.since ?? unit.now),
          organisation: entry.organisation)
      }
    }
  }
}
