import Audit
import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI
import Privacy

extension Console {
  /// What is held about oneself, and what one may ask (个人信息).
  func installMyData(on router: some RouterMethods<HTTPContext>) {
    get("/my-data", on: router) { visit in try await myDataPage(visit) }
    post("/my-data/consents", on: router) { visit, form in try await recordConsent(visit, form) }
    post("/my-data/requests", on: router) { visit, form in try await makeRequest(visit, form) }
    post("/my-data/requests/:request/verification", on: router) { visit, _ in
      _ = try await services.privacy.verify(try visit.id("request"), by: try visit.principal())
      return Self.redirect("/my-data?tab=requests")
    }
    post("/my-data/requests/:request/withdrawal", on: router) { visit, _ in
      _ = try await services.privacy.withdraw(try visit.id("request"), by: try visit.principal())
      return Self.redirect("/my-data?tab=requests")
    }
    post("/my-data/requests/:request/copy", on: router) { visit, _ in
      let link = try await services.privacy.link(try visit.id("request"), by: try visit.principal())
      return Self.redirect("/api/v1/privacy/copies/\(link.token)")
    }
  }

  private static let myDataTabs = ["held", "consents", "requests", "looks"]

  func myDataPage(_ visit: Visit, problem: String? = nil) async throws -> Response {
    let principal = try visit.principal()
    let words = visit.words
    let wanted = visit.query["tab"] ?? "held"
    let tab = Self.myDataTabs.contains(wanted) ? wanted : "held"
    let content: [String: ViewValue] =
      switch tab {
      case "consents": try await consentsView(visit, principal)
      case "requests": try await requestsView(visit, principal)
      case "looks": try await looksView(visit, principal.id.tagged(), principal)
      default: try await holdingsView(visit, principal.id.tagged(), principal)
      }
    let view: ViewValue = [
      "tabs": .list(
        Self.myDataTabs.map { name in
          [
            "href": .text("/my-data?tab=\(name)"), "here": .flag(name == tab),
            "name": .text(words("myData.tab-\(name)")),
          ]
        }),
      "problem": .optional(problem), "tab-\(tab)": .object(content),
    ]
    return try await page(visit, "my-data", title: words("myData.title"), view: view.with(content))
  }

  // MARK: Held

  /// A table of what is held about somebody.
  func holdingsView(
    _ visit: Visit, _ person: ID<DataSubject>, _ principal: Principal
  ) async throws -> [String: ViewValue] {
    let policy = services.privacy.policy
    let holdings = try await services.privacy.holdings(of: person, by: principal)
    let rows = holdings.map { holding -> ViewValue in
      let end = policy.end(holding.retention, from: holding.retentionFrom)
      let kept = policy.retention(holding.retention)
      let until = end.map { formats.day($0).description } ?? visit.pick(kept?.zh.name, kept?.en.name)
      return [
        "name": .text(visit.name(policy.categories[holding.category], holding.category)),
        "count": .text(visit.words("myData.records", ["n": formats.number(holding.count)])),
        "fields": .list(
          holding.fields.map { field in
            [
              "name": .text(visit.name(policy.fields[field.key], field.key)), "value": .text(field.masked),
              "sensitive": .flag(field.isSensitive),
            ]
          }),
        "source": .text(visit.words("source.\(holding.source.rawValue)")),
        "since": .text(formats.day(holding.since).description),
        "why": .text(holding.purposes.map { visit.purpose(policy.purpose($0), $0) }.joined(separator: "、")),
        "until": .text(until), "basis": .text(visit.pick(kept?.zh.basis, kept?.en.basis)),
        "recipients": .text(holding.recipients.joined(separator: "、")),
      ]
    }
    return ["holdings": .list(rows), "hasHoldings": .flag(!rows.isEmpty)]
  }

  // MARK: Consents

  private func consentsView(_ visit: Visit, _ principal: Principal) async throws -> [String: ViewValue] {
    let words = visit.words
    let states = try await services.privacy.consents(of: principal.id.tagged(), by: principal)
    let items = states.map { state -> ViewValue in
      let shown = state.purpose.current
      let moment = (state.granted ?? state.withdrawn)?.at
      let said = moment.map {
        words(state.isGranted ? "myData.given" : "myData.withdrawn", ["at": formats.moment($0)])
      }
      return [
        "key": .text(state.purpose.key), "version": .text(String(shown.version)),
        "name": .text(visit.pick(shown.zh.name, shown.en.name)),
        "text": .text(visit.pick(shown.zh.text, shown.en.text)),
        "isSensitive": .flag(state.purpose.isSensitive), "isGranted": .flag(state.isGranted),
        "isOutdated": .flag(state.isOutdated),
        "stateName": .text(words(state.isGranted ? "myData.agreed" : "myData.notAgreed")),
        "tone": state.isGranted ? "tag-ok" : .none, "said": .optional(said),
      ]
    }
    let others = services.privacy.policy.purposes.filter { $0.basis != .consent }.map { purpose -> ViewValue in
      [
        "name": .text(visit.purpose(purpose, purpose.key)),
        "text": .text(visit.pick(purpose.current.zh.text, purpose.current.en.text)),
        "basis": .text(words("basis.\(purpose.basis.rawValue)")),
      ]
    }
    return ["consents": .list(items), "others": .list(others)]
  }

  private func recordConsent(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let principal = try visit.principal()
    let act: ConsentEntry.Act = form["act"] == "grant" ? .grant : .withdraw
    let will = ConsentWill(
      act, form.text("purpose") ?? "", version: form["version"].flatMap { Int($0) },
      isExplicit: form["explicit"] == "yes", language: visit.language.rawValue, channel: "console")
    _ = try await services.privacy.record(will, for: principal.id.tagged(), by: principal)
    return Self.redirect("/my-data?tab=consents")
  }

  // MARK: Requests

  private func requestsView(_ visit: Visit, _ principal: Principal) async throws -> [String: ViewValue] {
    let words = visit.words
    let query = PrivacyRequestQuery(
      subject: principal.id.tagged(), page: PageRequest(cursor: visit.query["after"], limit: 20))
    let found = try await services.privacy.requests(query, by: principal)
    var items: [ViewValue] = []
    for request in found.items {
      let detail = request.state == .held || request.state == .done
        ? try await services.privacy.detail(request.id, by: principal) : nil
      let isReady = request.kind == .export && (detail?.exportUntil.map { $0 > visit.now } ?? false)
      items.append(
        requestView(request, visit).with([
          "isReady": .flag(isReady),
          "until": .optional(detail?.exportUntil.map { words("myData.copyUntil", ["at": formats.moment($0)]) }),
          "holds": .list((detail?.holds ?? []).map { ["reason": .text($0.reason), "basis": .text($0.basis)] }),
        ]))
    }
    let open = Set(found.items.filter(\.state.isOpen).map(\.kind))
    return [
      "requests": .list(items), "hasRequests": .flag(!items.isEmpty),
      "older": .optional(found.next.map { visit.query.address(["after": $0]) }),
      "key": .text(ids.next(PrivacyRequest.self).description),
      "kinds": .list(
        PrivacyRequest.Kind.allCases.filter { !open.contains($0) }.map { kind in
          [
            "kind": .text(kind.rawValue), "name": .text(words("privacyKind.\(kind.rawValue)")),
            "hint": .text(words("privacyHint.\(kind.rawValue)")), "correction": .flag(kind == .correction),
            "danger": .flag(kind == .erasure),
          ]
        }),
    ]
  }

  /// What a request's row and page have in common.
  func requestView(_ request: PrivacyRequest, _ visit: Visit) -> ViewValue {
    let words = visit.words
    return [
      "id": .text(request.id.description), "kindName": .text(words("privacyKind.\(request.kind.rawValue)")),
      "stateName": .text(words("privacyState.\(request.state.rawValue)")),
      "tone": .text(request.isLate(at: visit.now) ? "tag-bad" : Self.tone(request.state)),
      "late": .flag(request.isLate(at: visit.now)),
      "received": .text(formats.moment(request.receivedAt)),
      // The moment itself is the next day's first.
      "deadline": .text(formats.day(request.deadlineAt.advanced(by: .seconds(-1))).description),
      "done": .optional(request.doneAt.map { formats.moment($0) }), "reason": .optional(request.reason),
      "progress": request.state == .running ? .text("\(request.progress)%") : .none,
      "toVerify": .flag(request.state == .received), "toWithdraw": .flag(request.mayWithdraw),
    ]
  }

  static func tone(_ state: PrivacyRequest.State) -> String {
    switch state {
    case .received, .held: "tag-warn"
    case .verified, .running: "tag-info"
    case .done: "tag-ok"
    case .refused, .withdrawn: ""
    }
  }

  private func makeRequest(_ visit: Visit, _ form: PageForm) async throws -> Response {
    let principal = try visit.principal()
    guard let kind = form["kind"].flatMap({ PrivacyRequest.Kind(rawValue: $0) }) else {
      throw Problem.invalidBody("kind")
    }
    let new = NewPrivacyRequest(
      kind: kind, field: form.text("field"), value: form.text("value"), note: form.text("note") ?? "",
      idempotencyKey: form.text("key").map { "\($0)-\(kind.rawValue)" })
    do throws(PrivacyError) {
      _ = try await services.privacy.request(new, for: principal.id.tagged(), by: principal)
    } catch {
      guard case .fieldInvalid = error else { throw error }
      var response = try await myDataPage(
        visit.at("/my-data", ["tab": "requests"]), problem: visit.words.named("code", error.code))
      response.status = .unprocessableContent
      return response
    }
    return Self.redirect("/my-data?tab=requests")
  }

  // MARK: Looks

  private func looksView(
    _ visit: Visit, _ person: ID<DataSubject>, _ principal: Principal
  ) async throws -> [String: ViewValue] {
    let request = PageRequest(cursor: visit.query["after"], limit: 25)
    let found = try await services.privacy.looks(at: person, request, by: principal)
    let words = visit.words
    let rows = found.items.map { entry -> ViewValue in
      let isOwn = entry.body.principal == principal.id
      return [
        "at": .text(formats.moment(entry.at)), "verb": .text(words("lookVerb.\(entry.body.verb.rawValue)")),
        "what": .text(words.named("auditKind", entry.body.kind)),
        "who": .text(isOwn ? words("myData.oneself") : entry.field("who.name").value ?? words("myData.erasedName")),
        "why": .optional(entry.field("why").value.map { words.named("auditReason", $0) }),
      ]
    }
    return [
      "looks": .list(rows), "hasLooks": .flag(!rows.isEmpty),
      "range": .text(words("list.shown", ["n": String(rows.count)])),
      "previous": .optional(visit.query["after"] == nil ? nil : visit.query.address(["after": nil])),
      "next": .optional(found.next.map { visit.query.address(["after": $0]) }),
    ]
  }
}

extension PrivacyRequest {
  /// Whether taking it back is offered.
  fileprivate var mayWithdraw: Bool { state == .received || state == .verified || state == .held }
}

extension Visit {
  /// The text of the page's language.
  func pick(_ chinese: String?, _ english: String?) -> String {
    (language == .chinese ? chinese : english) ?? ""
  }

  func name(_ words: PrivacyPolicy.Words?, _ key: String) -> String {
    words.map { pick($0.zh, $0.en) } ?? key
  }

  func purpose(_ purpose: Purpose?, _ key: String) -> String {
    purpose.map { pick($0.current.zh.name, $0.current.en.name) } ?? key
  }

  /// The same visit at another address.
  func at(_ path: String, _ values: [String: String]) -> Visit {
    Visit(
      request: request, context: context, language: language, words: words, theme: theme,
      query: PageQuery(path: path, values: values), formats: formats, now: now)
  }
}
