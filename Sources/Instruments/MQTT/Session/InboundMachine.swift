/// The receiving half of a session (4.3.3): the QoS 2 messages that were taken and not yet released, so that none is
/// handed on twice. A pure state machine.
///
/// It outlives connections. QoS 1 needs no state here: the connection counts them.
struct InboundMachine: ~Copyable {
  /// What to do with a QoS 2 message.
  enum Outcome: Equatable {
    /// New: hand it on.
    case take
    /// Seen already: acknowledge again, do not hand on.
    case again
    /// Seen already and not yet acknowledged: say nothing, the acknowledgement is on its way.
    case waiting
    /// The same identifier for the third time without DUP: the client does not listen.
    case violation
  }

  private struct Entry {
    let fingerprint: Int
    var repeats = 0
    /// The delegate has not answered yet.
    var isPending = true
  }

  private var entries: [UInt16: Entry] = [:]

  init() {}

  /// Messages not yet released.
  var count: Int { entries.count }

  /// A QoS 2 PUBLISH.
  ///
  /// - Parameter fingerprint: a hash of topic and payload: an identifier sent again with the same message and without
  ///   DUP is counted, as a client that never releases would go on for ever.
  mutating func publish(_ id: UInt16, isDuplicate: Bool, fingerprint: Int) -> Outcome {
    guard var entry = entries[id] else {
      entries[id] = Entry(fingerprint: fingerprint)
      return .take
    }
    if !isDuplicate, entry.fingerprint == fingerprint {
      entry.repeats += 1
      guard entry.repeats < 2 else { return .violation }
      entries[id] = entry
    }
    return entry.isPending ? .waiting : .again
  }

  /// Whether this identifier is a QoS 2 message that waits for the delegate's answer.
  func isPending(_ id: UInt16) -> Bool { entries[id]?.isPending ?? false }

  /// The delegate answered; PUBREC goes out. A failure forgets the message.
  mutating func answered(_ id: UInt16, isFailure: Bool) {
    if isFailure { entries[id] = nil } else { entries[id]?.isPending = false }
  }

  /// PUBREL: the message is complete.
  ///
  /// - Returns: false when the identifier was not known.
  mutating func release(_ id: UInt16) -> Bool { entries.removeValue(forKey: id) != nil }

  /// The connection ended: what the delegate had not answered may be sent again and is then new.
  mutating func suspend() {
    entries = entries.filter { !$0.value.isPending }
  }
}
