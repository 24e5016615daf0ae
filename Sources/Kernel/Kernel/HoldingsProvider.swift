package import SQLStore

/// What a context tells and does about the persons whom its data is about. Every context that holds personal data
/// registers one with Privacy.
package protocol HoldingsProvider: Sendable {
  /// The context's name, stable: erasures are written down by it.
  var name: String { get }

  /// What is held about the person, masked.
  func holdings(of subject: DataSubject, in sql: SQLConnection) throws -> [Holding]

  /// What is held about the person in full, a page at a time, at most `limit` records a call.
  ///
  /// - Parameter cursor: what the page before gave; nil for the first.
  func records(of subject: DataSubject, cursor: String?, limit: Int) async throws -> Page<HeldRecord>

  /// Corrects one field in this transaction.
  ///
  /// - Returns: false when the field is not this context's, or a person has to correct it by hand.
  /// - Throws: a `UseCaseError` when the value breaks the context's rules.
  func correct(_ field: String, to value: String, of subject: DataSubject, in unit: Unit) throws -> Bool

  /// Erases what is held about the person, in this transaction, at most about a thousand rows of it. Doing it again
  /// does no harm.
  func erase(_ subject: DataSubject, in unit: Unit) throws -> ErasedPart

  /// One small step of what a retention class asks, in this transaction.
  ///
  /// - Parameter isHeld: whether a legal hold stands on a person: nothing of theirs is touched.
  func expire(_ task: RetentionTask, in unit: Unit, isHeld: (ID<DataSubject>) throws -> Bool) throws -> RetentionStep
}

extension HoldingsProvider {
  package func correct(_: String, to _: String, of _: DataSubject, in _: Unit) throws -> Bool { false }

  package func expire(
    _: RetentionTask, in _: Unit, isHeld _: (ID<DataSubject>) throws -> Bool
  ) throws -> RetentionStep {
    RetentionStep()
  }
}

/// What one call of `erase` did.
package struct ErasedPart: Sendable, Hashable {
  /// Rows deleted or made anonymous.
  package var rows: Int
  /// What has to stay, and why: keys of the privacy policy's reasons.
  package var kept: [String]
  /// Whether nothing is left to erase; otherwise it is called again.
  package var isDone: Bool

  package init(rows: Int, kept: [String] = [], isDone: Bool = true) {
    self.rows = rows
    self.kept = kept
    self.isDone = isDone
  }
}

/// What is to be done with data whose time is over.
package enum RetentionAction: String, Sendable, Codable, CaseIterable {
  case erase
  case anonymise
  case archive
}

/// One step of a retention class, as a provider is asked to do it.
package struct RetentionTask: Sendable {
  package let organisation: ID<Organisation>
  /// A retention class of the privacy policy.
  package let retention: String
  package let action: RetentionAction
  /// What ended before this moment has had its time.
  package let before: Instant
  /// What the step before gave; nil for the first.
  package let cursor: String?
  /// The most rows to look at.
  package let limit: Int
  /// Count only, change nothing.
  package let isDry: Bool

  package init(
    organisation: ID<Organisation>, retention: String, action: RetentionAction, before: Instant, cursor: String?,
    limit: Int, isDry: Bool
  ) {
    self.organisation = organisation
    self.retention = retention
    self.action = action
    self.before = before
    self.cursor = cursor
    self.limit = limit
    self.isDry = isDry
  }
}

/// What one step of a retention class came to.
package struct RetentionStep: Sendable, Hashable {
  /// Rows whose time was over.
  package var due = 0
  /// Of these, rows under a legal hold, left as they are.
  package var held = 0
  /// Where to go on; nil when nothing is left.
  package var next: String?

  package init(due: Int = 0, held: Int = 0, next: String? = nil) {
    self.due = due
    self.held = held
    self.next = next
  }
}
