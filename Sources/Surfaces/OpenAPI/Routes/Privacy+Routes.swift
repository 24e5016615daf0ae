import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
package import Privacy

extension OpenAPISurface {
  /// Personal data: one's own under `/me`, the staff's part under `/privacy`.
  package static func endpoints(of privacy: Privacy) -> [Endpoint] {
    ownDataEndpoints(privacy) + ownConsentEndpoints(privacy) + ownRequestEndpoints(privacy)
      + privacyRequestEndpoints(privacy) + personEndpoints(privacy) + holdEndpoints(privacy)
      + retentionEndpoints(privacy)
  }

  private static func ownDataEndpoints(_ privacy: Privacy) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/privacy/purposes", "listPurposes", tag: "privacy",
        "What personal data is processed for, and the texts that are shown.",
        access: .signedIn, answer: .json(PurposesBody.schema)
      ) { call in
        try call.answer(PurposesBody(privacy.policy))
      },
      Endpoint(
        .get, "/api/v1/me/holdings", "listOwnHoldings", tag: "privacy",
        "What is held about oneself, masked: from where, since when, why and until when.",
        access: .signedIn, answer: .json(HoldingsBody.schema)
      ) { call in
        let principal = try call.principal()
        let holdings = try await privacy.holdings(of: principal.id.tagged(), by: principal)
        return try call.answer(HoldingsBody(holdings, privacy.policy))
      },
      Endpoint(
        .get, "/api/v1/me/looks", "listOwnLooks", tag: "privacy",
        "Who looked at one's data or changed it, newest first.",
        access: .signedIn, parameters: Endpoint.Parameter.paging, answer: .page(of: LookBody.self)
      ) { call in
        let principal = try call.principal()
        let page = try await privacy.looks(at: principal.id.tagged(), try call.page(), by: principal)
        return try call.answer(page) { LookBody($0) }
      },
      Endpoint(
        .get, "/api/v1/privacy/copies/{token}", "fetchCopy", tag: "privacy",
        "The copy that a link leads to, as a ZIP; the link's token is all it takes, so the link ends soon.",
        access: .open, parameters: [.path("token", "The link's token.", .text(1...128, example: "Zm9v"))],
        answer: .zip, problems: [.notFound]
      ) { call in
        let copy = try await privacy.fetch(token: try call.text("token"))
        return Response(
          status: .ok,
          headers: [
            .contentType: "application/zip", .contentDisposition: "attachment; filename=\"\(copy.name)\"",
            .cacheControl: "no-store",
          ], body: .init(byteBuffer: ByteBuffer(bytes: copy.bytes)))
      },
    ]
  }

  private static func ownConsentEndpoints(_ privacy: Privacy) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/me/consents", "listOwnConsents", tag: "privacy", "What one agrees to now, purpose by purpose.",
        access: .signedIn, answer: .json(ConsentsBody.schema)
      ) { call in
        let principal = try call.principal()
        let states = try await privacy.consents(of: principal.id.tagged(), by: principal)
        return try call.answer(ConsentsBody(items: states.map { ConsentBody($0) }))
      },
      Endpoint(
        .post, "/api/v1/me/consents", "recordOwnConsent", tag: "privacy",
        "Gives or withdraws one's consent; it takes effect at once.",
        access: .signedIn, body: .json(ConsentWillBody.self), answer: .json(ConsentBody.schema), problems: [.conflict]
      ) { call in
        let body = try await call.body(ConsentWillBody.self)
        let principal = try call.principal()
        let state = try await privacy.record(body.will, for: principal.id.tagged(), by: principal)
        return try call.answer(ConsentBody(state))
      },
      Endpoint(
        .post, "/api/v1/me/wards/{person}/consents", "recordConsentOfWard", tag: "privacy",
        "Gives or withdraws the consent of a minor whose guardian one is.",
        access: .signedIn, parameters: [.person], body: .json(ConsentWillBody.self),
        answer: .json(ConsentBody.schema), problems: [.conflict, .forbidden]
      ) { call in
        let body = try await call.body(ConsentWillBody.self)
        let state = try await privacy.record(body.will, for: try call.id("person"), by: try call.principal())
        return try call.answer(ConsentBody(state))
      },
      Endpoint(
        .get, "/api/v1/me/consent-entries", "listOwnConsentEntries", tag: "privacy",
        "The lines of one's consent ledger, oldest first.",
        access: .signedIn, parameters: Endpoint.Parameter.paging, answer: .page(of: ConsentEntryBody.self)
      ) { call in
        let principal = try call.principal()
        let page = try await privacy.ledger(of: principal.id.tagged(), try call.page(), by: principal)
        return try call.answer(page) { ConsentEntryBody($0) }
      },
    ]
  }

  private static func ownRequestEndpoints(_ privacy: Privacy) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/me/privacy-requests", "listOwnPrivacyRequests", tag: "privacy", "One's requests, newest first.",
        access: .signedIn, parameters: Endpoint.Parameter.paging, answer: .page(of: PrivacyRequestBody.self)
      ) { call in
        let principal = try call.principal()
        let query = PrivacyRequestQuery(subject: principal.id.tagged(), page: try call.page())
        return try call.answer(try await privacy.requests(query, by: principal)) { PrivacyRequestBody($0) }
      },
      Endpoint(
        .post, "/api/v1/me/privacy-requests", "makeOwnPrivacyRequest", tag: "privacy",
        "Asks for a copy, a correction, an erasure or a restriction of one's data.",
        access: .signedIn, parameters: [.privacyKey], body: .json(NewPrivacyRequestBody.self),
        answer: .json(PrivacyRequestBody.schema, .created), problems: [.conflict]
      ) { call in
        let principal = try call.principal()
        return try await make(privacy, call, principal.id.tagged(), principal)
      },
      Endpoint(
        .get, "/api/v1/me/privacy-requests/{request}", "getOwnPrivacyRequest", tag: "privacy",
        "One request of one's own with its steps.",
        access: .signedIn, parameters: [.privacyRequest], answer: .json(PrivacyRequestDetailBody.schema)
      ) { call in try await detail(privacy, call) },
      Endpoint(
        .post, "/api/v1/me/privacy-requests/{request}/verification", "verifyOwnPrivacyRequest", tag: "privacy",
        "Says that the request is one's own: by the second factor, shown in the last minutes.",
        access: .signedIn, parameters: [.privacyRequest], answer: .json(PrivacyRequestBody.schema),
        problems: [.conflict, .forbidden]
      ) { call in
        try call.answer(
          PrivacyRequestBody(try await privacy.verify(try call.id("request"), by: try call.principal())))
      },
      Endpoint(
        .post, "/api/v1/me/privacy-requests/{request}/withdrawal", "withdrawOwnPrivacyRequest", tag: "privacy",
        "Takes a request back.",
        access: .signedIn, parameters: [.privacyRequest], answer: .json(PrivacyRequestBody.schema),
        problems: [.conflict]
      ) { call in
        try call.answer(
          PrivacyRequestBody(try await privacy.withdraw(try call.id("request"), by: try call.principal())))
      },
      Endpoint(
        .post, "/api/v1/me/privacy-requests/{request}/link", "linkOwnCopy", tag: "privacy",
        "Makes a link to a finished copy, which ends; needs the second factor, shown in the last minutes.",
        access: .signedIn, parameters: [.privacyRequest], answer: .json(CopyLinkBody.schema, .created),
        problems: [.conflict, .forbidden]
      ) { call in try await link(privacy, call) },
    ]
  }

  static func make(
    _ privacy: Privacy, _ call: Call, _ person: ID<DataSubject>, _ principal: Principal
  ) async throws -> Response {
    let body = try await call.body(NewPrivacyRequestBody.self)
    let new = NewPrivacyRequest(
      kind: body.kind, field: body.field, value: body.value, note: body.note ?? "",
      idempotencyKey: call.request.headers[.idempotencyKey])
    let request = try await privacy.request(new, for: person, by: principal)
    return try call.answer(
      PrivacyRequestBody(request), headers: [.location: "/api/v1/privacy/requests/\(request.id)"])
  }

  static func detail(_ privacy: Privacy, _ call: Call) async throws -> Response {
    let detail = try await privacy.detail(try call.id("request"), by: try call.principal())
    return try call.resource(PrivacyRequestDetailBody(detail), version: detail.request.version)
  }

  static func link(_ privacy: Privacy, _ call: Call) async throws -> Response {
    let link = try await privacy.link(try call.id("request"), by: try call.principal())
    return try call.answer(CopyLinkBody(link))
  }
}

extension Endpoint.Parameter {
  static let privacyRequest = path("request", "The request's id.")
  static let person = path("person", "The person's id: their account's.")
  static let privacyKey = header(
    "Idempotency-Key", "A fresh text of the caller's for each new request.", .text(1...128, example: "b1f6"),
    isRequired: true)
}

extension Endpoint.Answer {
  static let zip = Endpoint.Answer(
    status: .ok, mediaType: "application/zip", schema: .text(0...Int(Int32.max), example: "PK…"))
}
