import Audit
import Foundation
package import Kernel
import SQLStore

extension Privacy {
  /// Decides a request whose person was recognised; needs `privacy.write`, for an erasure `privacy.erase` and the
  /// second factor shown just now.
  ///
  /// A correction that a context can make is made in this transaction; one that it cannot make is approved once the
  /// staff has made it by hand. An erasure begins, or waits for the holds that stand on the person.
  ///
  /// - Parameter version: the one that was read; nil to decide whatever is there.
  /// - Throws: `.identityUnchecked`, `.stateWrong`, `.stale`, `.fieldInvalid` for a refusal without a reason.
  package func decide(
    _ id: ID<PrivacyRequest>, approve: Bool, reason: String, expecting version: Int64? = nil, by principal: Principal
  ) async throws(PrivacyError) -> PrivacyRequest {
    let known = try await request(id, by: principal)
    try principal.mayDo(known.kind == .erasure ? .privacyErase : .privacyWrite)
    if known.kind == .erasure { try principal.mustBeFresh(.privacyErase, at: work.time.now()) }
    guard reason.count <= 1_000 else {
      throw .fieldInvalid(field: "reason", problem: "must have at most 1000 characters")
    }
    guard approve || reason.contains(where: { !$0.isWhitespace }) else {
      throw .fieldInvalid(field: "reason", problem: "is missing: a refusal says why")
    }
    let content = approve && known.kind == .correction ? try await content(known) : nil
    let providers = providers
    return try await work.run(PrivacyError.self) { unit in
      var request = try unit.sql.request(id, of: principal.organisation)
      if let version, version != request.version { throw PrivacyError.stale(current: request.version) }
      guard request.state != .received || !approve else { throw PrivacyError.identityUnchecked }
      guard request.state == .verified || !approve else {
        throw PrivacyError.stateWrong(state: request.state.rawValue)
      }
      request.reason = reason
      guard approve else {
        try request.move(to: .refused, at: unit.now)
        try unit.deleteContent(request)
        try unit.moved(request, "refused", by: principal, note: reason)
        return request
      }
      try unit.step("approved", request, by: principal.name, note: reason)
      switch request.kind {
      case .export: throw PrivacyError.stateWrong(state: request.state.rawValue)
      case .correction: try unit.correct(&request, content, providers, by: principal)
      case .restriction: try unit.restrict(&request, by: principal)
      case .erasure: try unit.beginErasure(&request, providers.map(\.name), by: principal)
      }
      return request
    }
  }

  /// Ends the restriction of a person's data; needs `privacy.write`.
  package func liftRestriction(
    of id: ID<DataSubject>, reason: String, by principal: Principal
  ) async throws(PrivacyError) {
    _ = try await person(id, with: .privacyWrite, by: principal)
    let reason = try Self.sentence(reason, "reason")
    try await work.run(PrivacyError.self) { unit in
      let count = try unit.sql.execute(
        "DELETE FROM privacy_restriction WHERE organisation = \(principal.organisation) AND subject = \(id)")
      guard count == 1 else { throw PrivacyError.notGiven }
      try unit.record(RestrictionChanged(person: id, isRestricted: false), organisation: principal.organisation)
      try unit.audit(.update, "privacy.restriction", id, by: principal, because: reason)
    }
  }

  private func content(_ request: PrivacyRequest) async throws(PrivacyError) -> RequestContent? {
    let sealed = try await work.read(PrivacyError.self) { try $0.requestContent(request) }
    guard let sealed else { return nil }
    let bytes = try await opened(sealed, of: request.subject, place: RequestContent.place(request.id))
    return try? JSONDecoder().decode(RequestContent.self, from: Data(bytes))
  }

  /// - Throws: `.fieldInvalid` for an empty or too long one.
  static func sentence(_ text: String, _ field: String) throws(PrivacyError) -> String {
    guard text.contains(where: { !$0.isWhitespace }), text.count <= 1_000 else {
      throw .fieldInvalid(field: field, problem: "must have 1 to 1000 characters")
    }
    return text
  }

  // MARK: Holds

  /// The holds that stand on a person: one's own, or another's with `privacy.read`.
  package func holds(on id: ID<DataSubject>, by principal: Principal) async throws(PrivacyError) -> [LegalHold] {
    let subject = try await person(id, by: principal)
    let now = work.time.now()
    return try await work.read(PrivacyError.self) { try $0.holds(on: subject, at: now) }
  }

  /// Places a legal hold; needs `privacy.erase`. An erasure that is under way stops before its next step.
  package func hold(
    _ id: ID<DataSubject>, reason: String, basis: String, until: Instant? = nil, by principal: Principal
  ) async throws(PrivacyError) -> LegalHold {
    try principal.mayDo(.privacyErase)
    _ = try await person(id, with: .privacyErase, by: principal)
    let reason = try Self.sentence(reason, "reason")
    let basis = try Self.sentence(basis, "basis")
    return try await work.run(PrivacyError.self) { unit in
      let subject = DataSubject(organisation: principal.organisation, id: id)
      guard try unit.sql.holds(on: subject, at: unit.now).count < 100 else { throw PrivacyError.tooMany(max: 100) }
      if let until, until <= unit.now {
        throw PrivacyError.fieldInvalid(field: "until", problem: "must be later than now")
      }
      let hold = LegalHold(
        id: unit.newID(), subject: id, reason: reason, basis: basis, placedBy: principal.name, placedAt: unit.now,
        until: until, releasedAt: nil)
      try unit.insert(hold, of: principal.organisation)
      try unit.record(HoldChanged(person: id, hold: hold.id, stands: true), organisation: principal.organisation)
      try unit.audit(.create, "privacy.hold", id, by: principal, because: reason)
      return hold
    }
  }

  /// Releases a hold; needs `privacy.erase`. An erasure that only waited for it goes on.
  ///
  /// - Throws: `.holdUnknown`, `.holdReleased`.
  package func release(_ id: ID<LegalHold>, reason: String, by principal: Principal) async throws(PrivacyError) {
    try principal.mayDo(.privacyErase)
    try await work.run(PrivacyError.self) { unit in
      let hold = try unit.sql.hold(id, of: principal.organisation)
      let reason = try Self.sentence(reason, "reason")
      guard hold.releasedAt == nil else { throw PrivacyError.holdReleased }
      try unit.sql.execute(
        """
        UPDATE privacy_hold SET released_at = \(unit.now)
        WHERE organisation = \(principal.organisation) AND id = \(id)
        """)
      try unit.record(
        HoldChanged(person: hold.subject, hold: id, stands: false), organisation: principal.organisation)
      try unit.audit(.update, "privacy.hold", hold.subject, by: principal, because: reason)
      try unit.resumeErasure(of: DataSubject(organisation: principal.organisation, id: hold.subject))
    }
  }
}

extension Kernel.Unit {
  fileprivate func correct(
    _ request: inout PrivacyRequest, _ content: RequestContent?, _ providers: [any HoldingsProvider],
    by principal: Principal
  ) throws {
    var isMade = false
    if let field = content?.field, let value = content?.value {
      for provider in providers where !isMade {
        do {
          isMade = try provider.correct(field, to: value, of: request.subject, in: self)
        } catch let error as any UseCaseError where error.kind == .invalid {
          throw PrivacyError.fieldInvalid(field: field, problem: "cannot be that: \(error.reason)")
        }
      }
    }
    try request.move(to: .done, at: now)
    try deleteContent(request)
    try moved(request, "done", by: principal, note: isMade ? "" : "by hand")
  }

  fileprivate func restrict(_ request: inout PrivacyRequest, by principal: Principal) throws {
    try sql.execute(
      """
      INSERT INTO privacy_restriction (organisation, subject, request, since)
      VALUES (\(request.subject.organisation), \(request.subject.id), \(request.id), \(now)) ON CONFLICT DO NOTHING
      """)
    try record(
      RestrictionChanged(person: request.subject.id, isRestricted: true), organisation: request.subject.organisation)
    try request.move(to: .done, at: now)
    try deleteContent(request)
    try moved(request, "done", by: principal)
  }
}
