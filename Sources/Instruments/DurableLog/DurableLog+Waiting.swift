/// A batch that waits for its commit.
struct Pending: Sendable {
  let body: [UInt8]
  let records: Int
  let whenDurable: @Sendable (Result<DurableLog.Position, DurableLogError>) -> Void
}

/// Batches in the order of arrival.
struct Queue: Sendable {
  private var items: [Pending] = []
  private var head = 0

  var isEmpty: Bool { head == items.count }

  mutating func push(_ pending: Pending) { items.append(pending) }

  /// Moves batches to `taken` until their bytes reach `bytesMax`; always at least one.
  mutating func take(into taken: inout [Pending], bytesMax: Int) -> Int {
    var bytes = 0
    while head < items.count, bytes < bytesMax {
      let size = items[head].body.count
      if bytes > 0, bytes + size > bytesMax { break }
      taken.append(items[head])
      bytes += size
      head += 1
    }
    if head == items.count {
      items.removeAll(keepingCapacity: items.capacity <= 1_024)
      head = 0
    } else if head >= 1_024 {
      items.removeFirst(head)
      head = 0
    }
    return bytes
  }
}

/// What the writer's thread finds when it looks.
struct Waiting: Sendable {
  var urgent = Queue()
  var bulk = Queue()
  var bytes = 0
  var trimThrough: [Int64] = [0, 0]
  var closing = false
  /// The last commit took bulk batches too, or could have.
  private var isBulkDue = true
  /// The writer sleeps until anything comes.
  var sleeping = false
  /// The writer waits a moment for more bulk batches; only an urgent one ends that.
  var lingering = false

  mutating func push(_ pending: Pending, _ lane: DurableLog.Lane) {
    bytes += pending.body.count
    if lane == .urgent { urgent.push(pending) } else { bulk.push(pending) }
  }

  /// Whether the one who changed this must wake the writer; says so once a sleep.
  mutating func shouldWake(for lane: DurableLog.Lane) -> Bool {
    let wakes = sleeping || (lingering && lane == .urgent)
    if wakes {
      sleeping = false
      lingering = false
    }
    return wakes
  }

  /// Takes one commit's batches, urgent ones first.
  mutating func take(bytesMax: Int) -> (urgent: [Pending], bulk: [Pending]) {
    var first: [Pending] = []
    var second: [Pending] = []
    let urgentBytes = urgent.isEmpty ? 0 : urgent.take(into: &first, bytesMax: bytesMax)
    // Urgent batches have every other commit to themselves: it is short, and bulk ones never starve.
    isBulkDue = urgentBytes == 0 || !isBulkDue
    if isBulkDue, urgentBytes < bytesMax, !bulk.isEmpty {
      _ = bulk.take(into: &second, bytesMax: bytesMax - urgentBytes)
    }
    return (first, second)
  }
}
