package import Kernel

/// One entry of the audit log as it is read: what was hashed, and what of its committed values is still there.
package struct AuditEntry: Sendable, Hashable {
  /// Its number in the order of writing: grows, may have gaps where a transaction was given up.
  package let number: Int64
  package let body: AuditBody
  /// The bytes that are hashed, as text.
  package let text: String
  /// The committed values that are still kept.
  package let openings: [AuditOpening]
  /// Its place in the tree; nil until it is hashed, a second or two after it is written.
  package let leaf: Int?

  package var at: Instant { Instant(text: body.at) ?? Instant(microseconds: 0) }

  /// One of its committed values.
  package enum Field: Sendable, Hashable {
    case known(String)
    /// There was one, and it was erased.
    case erased
    /// There never was one.
    case none

    /// The value, if it is known.
    package var value: String? {
      if case .known(let value) = self { value } else { nil }
    }
  }

  /// A committed value: `who.name`, `from.address`, `from.agent`, `why`, or a detail's name after `detail.`.
  package func field(_ name: String) -> Field {
    if let opening = openings.first(where: { $0.field == name }) { return .known(opening.value) }
    return body.committed[name] == nil ? .none : .erased
  }

  /// The committed details by name, in order.
  package var personalDetails: [(name: String, field: Field)] {
    body.committed.keys.filter { $0.hasPrefix("detail.") }.sorted().map { (String($0.dropFirst(7)), field($0)) }
  }
}

/// How well an entry is proved.
package enum AuditProofState: Sendable, Hashable {
  /// Written, not hashed into the tree yet.
  case waiting
  /// In the tree at a place; no signed checkpoint holds it yet.
  case hashed(leaf: Int)
  /// Its path leads to the root of this checkpoint, which is signed by a key of this log.
  case proved(leaf: Int, size: Int, time: String, root: String)
  /// It does not: the store was changed.
  case broken(leaf: Int, size: Int)
}
