import Audit
package import Kernel
import SQLStore

/// How a person is erased: the journal's entry `ErasureDue` asks for one step; the step's effect, its mark and the
/// entry that asks for the next are one transaction. Wherever the program is killed, the steps before are done, the
/// step it was in is not, and the reader goes on with that one.
extension Privacy {
  /// Works erasures off; one a process.
  package func eraser(_ journal: Journal) -> JournalReader {
    JournalReader(
      name: "privacy.erasure", kinds: [ErasureDue.kind], work: work, journal: journal, batchMax: 1
    ) { [providers, keys] unit, entry in
      let due = try entry.decode(ErasureDue.self)
      try unit.erase(due.request, of: entry.organisation, providers, keys)
    }
  }

  /// Takes erasures up again whose holds have ended by themselves; a `PrivacyKeeper` calls it now and then.
  func resumeHeld() async throws {
    let held = try await work.store.read { try $0.requests(.erasure, in: .held, limit: 100) }
    for request in held {
      try await work.transaction { unit in try unit.resumeErasure(of: request.subject) }
    }
  }
}

extension Unit {
  /// Begins an approved erasure, or lets it wait for a hold.
  func beginErasure(_ request: inout PrivacyRequest, _ contexts: [String], by principal: Principal) throws {
    for (position, context) in contexts.enumerated() {
      try sql.execute(
        """
        INSERT INTO privacy_erasure (organisation, request, position, context, row_count, kept)
        VALUES (\(request.subject.organisation), \(request.id), \(position), \(context), \(0), \("")) 
        """)
    }
    if let hold = try sql.holds(on: request.subject, at: now).first {
      try request.move(to: .held, at: now)
      try moved(request, "held", by: principal, note: hold.reason)
    } else {
      try request.move(to: .running, at: now)
      try moved(request, "running", by: principal)
      try record(ErasureDue(request: request.id), organisation: request.subject.organisation)
    }
  }

  /// Goes on with an erasure that waits for a hold, when none stands any more.
  func resumeErasure(of subject: DataSubject) throws {
    let query = PrivacyRequestQuery(
      subject: subject.id, kinds: [.erasure], states: [.held], page: PageRequest(limit: 1))
    guard var request = try sql.requests(query, of: subject.organisation, at: now).first,
      try sql.holds(on: subject, at: now).isEmpty
    else { return }
    try request.move(to: .running, at: now)
    try moved(request, "running", by: nil)
    try record(ErasureDue(request: request.id), organisation: subject.organisation)
  }

  /// One step: the next context's, or the last one, which destroys the key.
  func erase(
    _ id: ID<PrivacyRequest>, of organisation: ID<Organisation>, _ providers: [any HoldingsProvider],
    _ keys: any PersonKeys
  ) throws {
    var request = try sql.request(id, of: organisation)
    // Withdrawn or finished since: nothing is due.
    guard request.state == .running else { return }
    if let hold = try sql.holds(on: request.subject, at: now).first {
      try request.move(to: .held, at: now)
      return try moved(request, "held", by: nil, note: hold.reason)
    }
    let steps = try sql.erasures(request)
    guard let position = steps.firstIndex(where: { $0.doneAt == nil }) else {
      return try finishErasure(&request, keys)
    }
    let step = steps[position]
    guard let provider = providers.first(where: { $0.name == step.context }) else {
      throw ErasureError(context: step.context)
    }
    let part = try provider.erase(request.subject, in: self)
    let kept = Set(step.kept).union(part.kept).sorted().joined(separator: ",")
    let doneAt: Instant? = part.isDone ? now : nil
    try sql.execute(
      """
      UPDATE privacy_erasure SET row_count = row_count + \(part.rows), kept = \(kept), done_at = \(doneAt)
      WHERE organisation = \(organisation) AND request = \(id) AND position = \(position)
      """)
    request.progress = (position + (part.isDone ? 1 : 0)) * 100 / (steps.count + 1)
    request.version += 1
    try update(request)
    if part.isDone { try self.step("erased", request, by: nil, note: step.context) }
    try record(ErasureDue(request: id), organisation: organisation)
  }

  private func finishErasure(_ request: inout PrivacyRequest, _ keys: any PersonKeys) throws {
    let subject = request.subject
    let isDestroyed = try keys.destroy(of: subject, in: self)
    try sql.execute(
      """
      INSERT INTO privacy_erased (organisation, subject, request, at, key_destroyed)
      VALUES (\(subject.organisation), \(subject.id), \(request.id), \(now), \(isDestroyed))
      """)
    try request.move(to: .done, at: now)
    try moved(request, "done", by: nil)
    try record(PersonErased(person: subject.id), organisation: subject.organisation)
    try audit(
      AuditEvent(
        .delete, "privacy.person", subject.id.description, by: .platform(of: subject.organisation),
        details: [.plain("request", request.id.description), .plain("key", isDestroyed ? "destroyed" : "none")]))
  }
}

/// A context that an erasure has to pass is not part of this program: it is parked until it is.
struct ErasureError: Error, Hashable {
  let context: String
}
