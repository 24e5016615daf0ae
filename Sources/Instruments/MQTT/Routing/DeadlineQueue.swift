import HeapModule

/// What is to happen at a time: wills that wait, sessions that expire. Lazy: an entry that lost its sense stays until
/// its time and is then ignored by its owner (generation).
struct DeadlineQueue {
  /// One thing to do.
  struct Entry: Comparable {
    /// Milliseconds of the server's clock.
    let at: UInt64
    let session: StoredSession
    /// The session's generation when this was set.
    let generation: UInt64

    static func < (left: Entry, right: Entry) -> Bool { left.at < right.at }
    static func == (left: Entry, right: Entry) -> Bool {
      left.at == right.at && left.session === right.session && left.generation == right.generation
    }
  }

  private var heap = Heap<Entry>()

  /// Adds one.
  mutating func insert(_ entry: Entry) { heap.insert(entry) }

  /// Takes the earliest one whose time has come.
  mutating func popDue(now: UInt64) -> Entry? {
    guard let first = heap.min, first.at <= now else { return nil }
    return heap.removeMin()
  }
}
