import DequeModule

/// In which order a loop's busy connections are read: one after the other, so many at once as there is room for.
///
/// A connection whose turn came counts with what one turn brings until it is heard of, or for two ticks: by then
/// whatever it had sent was read.
struct ReadTurns {
  private var waiting: Deque<DeviceConnection> = []
  private var granted: Deque<(connection: DeviceConnection, tick: UInt64)> = []
  private var grantedBytes = 0

  private static let ticksOfGrant: UInt64 = 2
  /// What a busy connection brings in one turn: what it is read into, at first.
  private static let bytesOfTurn = 2_048

  /// Whether anyone waits for a turn.
  var areWaited: Bool { !waiting.isEmpty }

  /// Puts a connection at the end of the line.
  mutating func wait(_ connection: DeviceConnection) {
    waiting.append(connection)
  }

  /// A connection brought something, or is gone: it no longer counts as about to be read.
  mutating func heard(_ connection: DeviceConnection) {
    guard connection.grantedBytes > 0 else { return }
    grantedBytes -= connection.grantedBytes
    connection.grantedBytes = 0
  }

  /// A connection that waits is gone.
  mutating func leave(_ connection: DeviceConnection) {
    waiting.removeAll { $0 === connection }
  }

  /// Nobody counts any more as about to be read.
  mutating func forgetGrants() {
    while let oldest = granted.popFirst() { heard(oldest.connection) }
  }

  /// Takes those whose turn it is out of the line.
  ///
  /// - Parameters:
  ///   - room: bytes that the loop may take, those granted not yet subtracted.
  ///   - waitingBytesMax: a connection with more waiting than this is passed over.
  mutating func next(room: Int, tick: UInt64, waitingBytesMax: Int) -> [DeviceConnection] {
    while let oldest = granted.first, oldest.tick + Self.ticksOfGrant <= tick {
      heard(oldest.connection)
      granted.removeFirst()
    }
    var chosen: [DeviceConnection] = []
    for _ in 0..<waiting.count where grantedBytes < room {
      let connection = waiting.removeFirst()
      guard connection.waitingBytes <= waitingBytesMax else {
        waiting.append(connection)
        continue
      }
      connection.grantedBytes = Self.bytesOfTurn
      grantedBytes += connection.grantedBytes
      granted.append((connection, tick))
      chosen.append(connection)
    }
    return chosen
  }
}
