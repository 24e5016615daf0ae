/// Something in the stored log that is not as it was written.
package struct AuditFinding: Sendable, Hashable {
  /// What it is about.
  package enum Subject: Sendable, Hashable {
    /// By its number.
    case entry(Int64)
    /// A stored hash of the tree.
    case hash(level: Int, position: Int)
    /// By its size.
    case checkpoint(size: Int)
    /// A copy of a checkpoint in another place, by its size.
    case copy(size: Int)
    case log
  }

  package let subject: Subject
  /// What is wrong, in English.
  package let problem: String

  package init(_ subject: Subject, _ problem: String) {
    self.subject = subject
    self.problem = problem
  }
}

extension AuditFinding: CustomStringConvertible {
  package var description: String {
    switch subject {
    case .entry(let number): "entry \(number): \(problem)"
    case .hash(let level, let position): "tree hash at level \(level), position \(position): \(problem)"
    case .checkpoint(let size): "checkpoint of \(size) entries: \(problem)"
    case .copy(let size): "copied checkpoint of \(size) entries: \(problem)"
    case .log: "log: \(problem)"
    }
  }
}

/// What a walk over the whole stored log found.
package struct AuditReport: Sendable, Hashable {
  /// The most findings that are kept; the walk goes on counting.
  package static let findingsMax = 1_000

  package internal(set) var findings: [AuditFinding] = []
  package internal(set) var findingsCount = 0
  package internal(set) var entriesCount = 0
  /// Entries in the tree.
  package internal(set) var size = 0
  /// Entries that are written but not hashed yet.
  package internal(set) var waitingCount = 0
  package internal(set) var checkpointsCount = 0
  /// The size of the newest checkpoint.
  package internal(set) var sealedSize = 0
  package internal(set) var copiesCount = 0
  /// Committed values that were checked.
  package internal(set) var openedCount = 0
  /// Committed values that were erased.
  package internal(set) var erasedCount = 0

  package var isWhole: Bool { findingsCount == 0 }

  mutating func found(_ subject: AuditFinding.Subject, _ problem: String) {
    findingsCount += 1
    if findings.count < Self.findingsMax { findings.append(AuditFinding(subject, problem)) }
  }
}
