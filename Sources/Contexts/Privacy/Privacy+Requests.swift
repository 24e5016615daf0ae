import Audit
import Foundation
package import Kernel
import SQLStore

/// What a person wrote with a request; sealed with their own key until it is done.
struct RequestContent: Codable, Sendable {
  var field: String?
  var value: String?
  var note: String

  static func place(_ id: ID<PrivacyRequest>) -> String { "privacy_request_content/\(id)" }
}

extension Privacy {
  /// Takes a request: one's own, or for another person, who came to the counter, with `privacy.write`.
  ///
  /// The same idempotency key again answers with the first one.
  /// - Throws: `.requestOpen` while one of the kind is open, `.keyReused`, `.fieldInvalid`, `.erased`.
  package func request(
    _ new: NewPrivacyRequest, for id: ID<DataSubject>, by principal: Principal
  ) async throws(PrivacyError) -> PrivacyRequest {
    let subject = try await person(id, with: .privacyWrite, by: principal)
    try new.check()
    let requestID: ID<PrivacyRequest> = work.ids.next()
    let policy = policy
    // Checked before sealing: nothing is sealed for a request that is there already.
    if let key = new.idempotencyKey, let found = try await known(key, subject) {
      guard found.kind == new.kind else { throw .keyReused }
      return found
    }
    let isErased = try await work.read(PrivacyError.self) { try $0.isErased(subject) }
    guard !isErased else { throw .erased }
    var content: [UInt8]?
    if !new.note.isEmpty || new.field != nil || new.value != nil {
      let text = try? JSONEncoder().encode(RequestContent(field: new.field, value: new.value, note: new.note))
      content = try await sealed(Array(text ?? Data()), of: subject, place: RequestContent.place(requestID))
    }
    let sealedContent = content
    return try await work.run(PrivacyError.self) { unit in
      let request = PrivacyRequest(
        id: requestID, subject: subject, kind: new.kind, state: .received, receivedAt: unit.now,
        deadlineAt: policy.deadline(of: new.kind.rawValue, from: unit.now), doneAt: nil, reason: "", progress: 0,
        version: 1)
      try unit.insert(request, key: new.idempotencyKey)
      if let sealedContent {
        try unit.sql.execute(
          """
          INSERT INTO privacy_request_content (organisation, request, sealed)
          VALUES (\(subject.organisation), \(request.id), \(sealedContent))
          """)
      }
      try unit.moved(request, "received", by: principal)
      return request
    }
  }

  private func known(_ key: String, _ subject: DataSubject) async throws(PrivacyError) -> PrivacyRequest? {
    try await work.read(PrivacyError.self) { try $0.request(key: key, of: subject) }
  }

  /// Says that it is the person's own request: by their second factor shown just now, or by the staff who saw a
  /// document, with `privacy.write` and a note of what was seen. A copy is made from here on by itself.
  ///
  /// - Throws: `.stateWrong`, `.denied` when the second factor is not fresh.
  package func verify(
    _ id: ID<PrivacyRequest>, evidence: String? = nil, by principal: Principal
  ) async throws(PrivacyError) -> PrivacyRequest {
    let known = try await request(id, by: principal)
    if principal.isSubject(known.subject.id) {
      try principal.mustBeFresh(.privacyRead, at: work.time.now())
    } else {
      try principal.mayDo(.privacyWrite)
      guard let evidence, evidence.contains(where: { !$0.isWhitespace }), evidence.count <= 1_000 else {
        throw .fieldInvalid(field: "evidence", problem: "is missing: say which document was seen")
      }
    }
    let names = providers.map(\.name)
    return try await work.run(PrivacyError.self) { unit in
      var request = try unit.sql.request(id, of: principal.organisation)
      try request.move(to: .verified, at: unit.now)
      try unit.moved(request, "verified", by: principal, note: evidence ?? "")
      if request.kind == .export {
        try request.move(to: .running, at: unit.now)
        try unit.beginExport(request, names)
        try unit.moved(request, "running", by: nil)
      }
      return request
    }
  }

  /// Takes a request back: the person, or the staff for them.
  package func withdraw(
    _ id: ID<PrivacyRequest>, by principal: Principal
  ) async throws(PrivacyError) -> PrivacyRequest {
    let known = try await request(id, by: principal)
    if !principal.isSubject(known.subject.id) { try principal.mayDo(.privacyWrite) }
    return try await work.run(PrivacyError.self) { unit in
      var request = try unit.sql.request(id, of: principal.organisation)
      // An erasure that has begun cannot be taken back in the middle.
      let erased = try unit.sql.erasures(request)
      if erased.contains(where: { $0.rows > 0 || $0.doneAt != nil }) {
        throw PrivacyError.stateWrong(state: request.state.rawValue)
      }
      try request.move(to: .withdrawn, at: unit.now)
      try unit.deleteContent(request)
      try unit.moved(request, "withdrawn", by: principal)
      return request
    }
  }

  /// Requests, newest first: one's own, or all with `privacy.read`.
  package func requests(
    _ query: PrivacyRequestQuery, by principal: Principal
  ) async throws(PrivacyError) -> Page<PrivacyRequest> {
    if query.subject.map({ !principal.isSubject($0) }) ?? true { try principal.mayDo(.privacyRead) }
    if let cursor = query.page.cursor, ID<PrivacyRequest>(cursor) == nil { throw .cursorInvalid }
    let now = work.time.now()
    return try await work.read(PrivacyError.self) { sql in
      let found = try sql.requests(query, of: principal.organisation, at: now)
      let items = Array(found.prefix(query.page.limit))
      return Page(items: items, next: found.count > query.page.limit ? items.last?.id.description : nil)
    }
  }

  /// One request: one's own, or another's with `privacy.read`. Another's is told to be unknown without it.
  func request(_ id: ID<PrivacyRequest>, by principal: Principal) async throws(PrivacyError) -> PrivacyRequest {
    let request = try await work.read(PrivacyError.self) { try $0.request(id, of: principal.organisation) }
    if !principal.isSubject(request.subject.id), !principal.permissions.contains(.privacyRead) {
      throw .requestUnknown
    }
    return request
  }

  /// One request with all that is known of it. What the person wrote is opened for themselves, and for staff with
  /// `privacy.open`, of which the audit log tells.
  package func detail(
    _ id: ID<PrivacyRequest>, by principal: Principal
  ) async throws(PrivacyError) -> PrivacyRequestDetail {
    let request = try await request(id, by: principal)
    let isOwn = principal.isSubject(request.subject.id)
    let now = work.time.now()
    let found = try await work.read(PrivacyError.self) { sql in
      (
        try sql.requestSteps(request), try sql.requestContent(request), try sql.holds(on: request.subject, at: now),
        try sql.erasures(request), try sql.exportMadeAt(request)
      )
    }
    var content = RequestContent(note: "")
    if let sealed = found.1, isOwn || principal.permissions.contains(.privacyOpen) {
      if !isOwn {
        try await work.run(PrivacyError.self) { unit in
          try unit.audit(
            AuditEvent(
              .read, "privacy.request", request.subject.id.description, by: principal,
              reason: "\(request.kind.rawValue) \(request.id)"))
        }
      }
      let bytes = try await opened(sealed, of: request.subject, place: RequestContent.place(id))
      content = (try? JSONDecoder().decode(RequestContent.self, from: Data(bytes))) ?? content
    }
    return PrivacyRequestDetail(
      request: request, steps: found.0, field: content.field, value: content.value, note: content.note,
      holds: found.2, erased: found.3,
      exportUntil: request.state == .done ? policy.end("export", from: found.4) : nil)
  }
}

extension Kernel.Unit {
  /// Saves a request that moved, and tells its own steps, the journal and the audit log.
  func moved(
    _ request: PrivacyRequest, _ act: String, by principal: Principal?, note: String = ""
  ) throws {
    try update(request)
    // The person's own name is not written beside their steps: it would outlive its erasure.
    let isOwn = principal?.isSubject(request.subject.id) ?? false
    try step(act, request, by: isOwn ? nil : principal?.name, note: note)
    try record(PrivacyRequestChanged(request), organisation: request.subject.organisation)
    try audit(
      AuditEvent(
        act == "received" ? .create : .update, "privacy.request", request.subject.id.description,
        by: principal ?? .platform(of: request.subject.organisation), organisation: request.subject.organisation,
        details: [
          .plain("act", act), .plain("asks", request.kind.rawValue), .plain("request", request.id.description),
        ]))
  }
}
