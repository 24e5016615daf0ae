import HTTPTypes
import Hummingbird
import Kernel
import Privacy

extension OpenAPISurface {
  static func privacyRequestEndpoints(_ privacy: Privacy) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/privacy/requests", "listPrivacyRequests", tag: "privacy", "All persons' requests, newest first.",
        access: .permission(.privacyRead),
        parameters: [
          .query("kind", "Kinds with commas between.", .text(1...100, example: "export,erasure")),
          .query("state", "States with commas between.", .text(1...100, example: "verified")),
          .query("person", "Only this person's.", .id),
          .query("late", "Only those past their deadline.", .boolean),
        ] + Endpoint.Parameter.paging,
        answer: .page(of: PrivacyRequestBody.self)
      ) { call in
        let query = PrivacyRequestQuery(
          subject: try call.queryID("person"), kinds: Set(try call.words("kind")), states: Set(try call.words("state")),
          isLate: call.value("late") == "true", page: try call.page())
        return try call.answer(try await privacy.requests(query, by: try call.principal())) { PrivacyRequestBody($0) }
      },
      Endpoint(
        .post, "/api/v1/privacy/persons/{person}/requests", "makePrivacyRequest", tag: "privacy",
        "Takes a request of a person who came to the counter.",
        access: .permission(.privacyWrite), parameters: [.person, .privacyKey], body: .json(NewPrivacyRequestBody.self),
        answer: .json(PrivacyRequestBody.schema, .created), problems: [.conflict]
      ) { call in try await make(privacy, call, try call.id("person"), try call.principal()) },
      Endpoint(
        .get, "/api/v1/privacy/requests/{request}", "getPrivacyRequest", tag: "privacy",
        "One request; what the person wrote is opened with privacy.open, which the audit log tells.",
        access: .permission(.privacyRead), parameters: [.privacyRequest],
        answer: .json(PrivacyRequestDetailBody.schema)
      ) { call in try await detail(privacy, call) },
      Endpoint(
        .post, "/api/v1/privacy/requests/{request}/verification", "verifyPrivacyRequest", tag: "privacy",
        "Says that a document was seen which proves whose request it is.",
        access: .permission(.privacyWrite), parameters: [.privacyRequest], body: .json(EvidenceBody.self),
        answer: .json(PrivacyRequestBody.schema), problems: [.conflict]
      ) { call in
        let body = try await call.body(EvidenceBody.self)
        return try call.answer(
          PrivacyRequestBody(
            try await privacy.verify(try call.id("request"), evidence: body.evidence, by: try call.principal())))
      },
      Endpoint(
        .post, "/api/v1/privacy/requests/{request}/decision", "decidePrivacyRequest", tag: "privacy",
        "Approves or refuses a request; an erasure needs privacy.erase and the second factor.",
        access: .anyOf([.privacyWrite, .privacyErase]), parameters: [.privacyRequest, .ifMatch],
        body: .json(DecisionBody.self),
        answer: .json(PrivacyRequestBody.schema), problems: Endpoint.conditional + [.conflict]
      ) { call in
        let version = try call.expectedVersion()
        let body = try await call.body(DecisionBody.self)
        let request = try await privacy.decide(
          try call.id("request"), approve: body.approve, reason: body.reason, expecting: version,
          by: try call.principal())
        return try call.resource(PrivacyRequestBody(request), version: request.version)
      },
      Endpoint(
        .post, "/api/v1/privacy/requests/{request}/link", "linkCopy", tag: "privacy",
        "Makes a link to a finished copy, to hand it over; needs the second factor.",
        access: .permission(.privacyWrite), parameters: [.privacyRequest],
        answer: .json(CopyLinkBody.schema, .created), problems: [.conflict]
      ) { call in try await link(privacy, call) },
    ]
  }

  static func personEndpoints(_ privacy: Privacy) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/privacy/persons/{person}/holdings", "listHoldings", tag: "privacy",
        "What is held about a person, masked.",
        access: .permission(.privacyRead), parameters: [.person], answer: .json(HoldingsBody.schema)
      ) { call in
        let holdings = try await privacy.holdings(of: try call.id("person"), by: try call.principal())
        return try call.answer(HoldingsBody(holdings, privacy.policy))
      },
      Endpoint(
        .get, "/api/v1/privacy/persons/{person}/consents", "listConsents", tag: "privacy",
        "What a person agrees to now.",
        access: .permission(.privacyRead), parameters: [.person], answer: .json(ConsentsBody.schema)
      ) { call in
        let states = try await privacy.consents(of: try call.id("person"), by: try call.principal())
        return try call.answer(ConsentsBody(items: states.map { ConsentBody($0) }))
      },
      Endpoint(
        .post, "/api/v1/privacy/persons/{person}/consents", "recordConsent", tag: "privacy",
        "Writes down a consent or withdrawal said before a member of staff, with the form that was signed.",
        access: .permission(.privacyWrite), parameters: [.person], body: .json(CounterConsentBody.self),
        answer: .json(ConsentBody.schema), problems: [.conflict]
      ) { call in
        let body = try await call.body(CounterConsentBody.self)
        let state = try await privacy.record(
          body.will, for: try call.id("person"), evidence: body.evidence, asGuardian: body.asGuardian ?? false,
          by: try call.principal())
        return try call.answer(ConsentBody(state))
      },
      Endpoint(
        .put, "/api/v1/privacy/persons/{person}/guardian", "declareGuardian", tag: "privacy",
        "Says that a person is a minor and who the guardian is; the day of birth itself is not kept.",
        access: .permission(.privacyWrite), parameters: [.person], body: .json(GuardianBody.self), answer: .nothing,
        problems: [.conflict]
      ) { call in
        let body = try await call.body(GuardianBody.self)
        guard let guardian = ID<DataSubject>(body.guardian), let born = LocalDate(body.born) else {
          throw Problem.invalidBody("guardian or born is malformed.")
        }
        _ = try await privacy.declareWard(
          try call.id("person"), guardian: guardian, born: born, by: try call.principal())
        return call.done()
      },
      Endpoint(
        .post, "/api/v1/privacy/persons/{person}/restriction-end", "liftRestriction", tag: "privacy",
        "Ends the restriction of a person's data.",
        access: .permission(.privacyWrite), parameters: [.person], body: .json(ReasonBody.self), answer: .nothing,
        problems: [.conflict]
      ) { call in
        let body = try await call.body(ReasonBody.self)
        try await privacy.liftRestriction(of: try call.id("person"), reason: body.reason, by: try call.principal())
        return call.done()
      },
    ]
  }

  static func holdEndpoints(_ privacy: Privacy) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/privacy/persons/{person}/holds", "listHolds", tag: "privacy",
        "The legal holds that stand on a person's data.",
        access: .permission(.privacyRead), parameters: [.person], answer: .json(HoldsBody.schema)
      ) { call in
        let holds = try await privacy.holds(on: try call.id("person"), by: try call.principal())
        return try call.answer(HoldsBody(items: holds.map { HoldBody($0) }))
      },
      Endpoint(
        .post, "/api/v1/privacy/persons/{person}/holds", "placeHold", tag: "privacy",
        "Places a legal hold: nothing of the person's is erased while it stands.",
        access: .permission(.privacyErase), parameters: [.person], body: .json(NewHoldBody.self),
        answer: .json(HoldBody.schema, .created), problems: [.conflict]
      ) { call in
        let body = try await call.body(NewHoldBody.self)
        let until = body.until.flatMap { Instant(text: $0) }
        guard body.until == nil || until != nil else { throw Problem.invalidBody("until is not a moment.") }
        let hold = try await privacy.hold(
          try call.id("person"), reason: body.reason, basis: body.basis, until: until, by: try call.principal())
        return try call.answer(HoldBody(hold))
      },
      Endpoint(
        .post, "/api/v1/privacy/holds/{hold}/release", "releaseHold", tag: "privacy",
        "Releases a legal hold; an erasure that waited for it goes on.",
        access: .permission(.privacyErase), parameters: [.path("hold", "The hold's id.")], body: .json(ReasonBody.self),
        answer: .nothing, problems: [.conflict]
      ) { call in
        let body = try await call.body(ReasonBody.self)
        try await privacy.release(try call.id("hold"), reason: body.reason, by: try call.principal())
        return call.done()
      },
    ]
  }

  static func retentionEndpoints(_ privacy: Privacy) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/privacy/retention-runs", "listRetentionRuns", tag: "privacy",
        "Runs over data whose time is over, newest first.",
        access: .permission(.privacyRead), parameters: Endpoint.Parameter.paging,
        answer: .page(of: RetentionRunBody.self)
      ) { call in
        let page = try await privacy.retentionRuns(try call.page(), by: try call.principal())
        return try call.answer(page) { RetentionRunBody($0) }
      },
      Endpoint(
        .post, "/api/v1/privacy/retention-runs", "beginRetentionRun", tag: "privacy",
        "Begins a run, or a dry one that only counts; one of each at a time.",
        access: .permission(.privacyErase), body: .json(NewRetentionRunBody.self),
        answer: .json(RetentionRunBody.schema, .accepted), problems: [.forbidden]
      ) { call in
        let body = try await call.body(NewRetentionRunBody.self)
        let run = try await privacy.beginRetention(isDry: body.isDry, by: try call.principal())
        return try call.answer(
          RetentionRunBody(run), headers: [.location: "/api/v1/privacy/retention-runs/\(run.id)"])
      },
      Endpoint(
        .get, "/api/v1/privacy/retention-runs/{run}", "getRetentionRun", tag: "privacy",
        "One run and what each class came to.",
        access: .permission(.privacyRead), parameters: [.path("run", "The run's id.")],
        answer: .json(RetentionRunBody.schema)
      ) { call in
        try call.answer(RetentionRunBody(try await privacy.retentionRun(try call.id("run"), by: try call.principal())))
      },
    ]
  }
}
