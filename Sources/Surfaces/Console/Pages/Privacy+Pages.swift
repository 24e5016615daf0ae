import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI
import Privacy

extension Console {
  /// The staff's part: persons' requests, their decisions, legal holds (个人信息请求).
  func installPrivacy(on router: some RouterMethods<HTTPContext>) {
    get("/privacy", on: router) { visit in try await privacyPage(visit) }
    get("/privacy/:request", on: router) { visit in try await privacyRequestPage(visit) }
    post("/privacy/:request/verification", on: router) { visit, form in
      let id: ID<PrivacyRequest> = try visit.id("request")
      _ = try await services.privacy.verify(id, evidence: form.text("evidence") ?? "", by: try visit.principal())
      return Self.redirect("/privacy/\(id)")
    }
    post("/privacy/:request/decision", on: router) { visit, form in
      let id: ID<PrivacyRequest> = try visit.id("request")
      _ = try await services.privacy.decide(
        id, approve: form["approve"] == "yes", reason: form.text("reason") ?? "",
        expecting: form["version"].flatMap { Int64($0) }, by: try visit.principal())
      return Self.redirect("/privacy/\(id)")
    }
    post("/privacy/:request/holds", on: router) { visit, form in
      let id: ID<PrivacyRequest> = try visit.id("request")
      let principal = try visit.principal()
      let detail = try await services.privacy.detail(id, by: principal)
      _ = try await services.privacy.hold(
        detail.request.subject.id, reason: form.text("reason") ?? "", basis: form.text("basis") ?? "", by: principal)
      return Self.redirect("/privacy/\(id)")
    }
    post("/privacy/:request/holds/:hold/release", on: router) { visit, form in
      try await services.privacy.release(
        try visit.id("hold"), reason: form.text("reason") ?? "", by: try visit.principal())
      return Self.redirect("/privacy/\(try visit.id("request", PrivacyRequest.self))")
    }
  }

  private func privacyPage(_ visit: Visit) async throws -> Response {
    let words = visit.words
    let state = visit.query["state"] ?? "open"
    var query = PrivacyRequestQuery(
      kinds: visit.query.words("kind"), page: PageRequest(cursor: visit.query["after"], limit: 25))
    switch state {
    case "all": break
    case "late": query.isLate = true
    case "open": query.states = Set(PrivacyRequest.State.allCases.filter(\.isOpen))
    default: query.states = PrivacyRequest.State(rawValue: state).map { [$0] } ?? []
    }
    let found = try await services.privacy.requests(query, by: try visit.principal())
    let states = ["open", "late"] + PrivacyRequest.State.allCases.map(\.rawValue) + ["all"]
    let view: ViewValue = [
      "filters": .list([
        filter(
          "state", words("privacy.state"), states.map { ($0, words("privacyState.\($0)")) }, here: state, all: false),
        filter(
          "kind", words("privacy.kind"),
          PrivacyRequest.Kind.allCases.map { ($0.rawValue, words("privacyKind.\($0.rawValue)")) },
          here: visit.query["kind"]),
      ]),
      "rows": .list(
        found.items.map { request in
          requestView(request, visit).with(["person": .text(String(request.subject.id.description.suffix(8)))])
        }),
      "hasRows": .flag(!found.items.isEmpty),
      "range": .text(words("list.shown", ["n": String(found.items.count)])),
      "previous": .optional(visit.query["after"] == nil ? nil : visit.query.address(["after": nil])),
      "next": .optional(found.next.map { visit.query.address(["after": $0]) }),
    ]
    return try await page(
      visit, "privacy", title: words("privacy.title"), place: .privacy, view: view, fragment: "privacy-table")
  }

  private func privacyRequestPage(_ visit: Visit) async throws -> Response {
    let words = visit.words
    let principal = try visit.principal()
    guard visit.may(.privacyRead) else { throw Problem.denied(Permission.privacyRead.rawValue) }
    let detail = try await services.privacy.detail(try visit.id("request"), by: principal)
    let request = detail.request
    let policy = services.privacy.policy
    let mayDecide = visit.may(request.kind == .erasure ? .privacyErase : .privacyWrite)
    let title = words("privacyKind.\(request.kind.rawValue)")
    let holdings = try await holdingsView(visit, request.subject.id, principal)
    let view = requestView(request, visit).with(holdings).with([
      "heading": .text(title), "person": .text(request.subject.id.description),
      "version": .text(String(request.version)), "written": .optional(detail.note),
      "field": .optional(detail.field.map { visit.name(policy.fields[$0], $0) }), "value": .optional(detail.value),
      "mayVerify": .flag(request.state == .received && visit.may(.privacyWrite)),
      "mayDecide": .flag(
        mayDecide && request.kind != .export && [.verified, .held].contains(request.state)),
      "mayApprove": .flag(request.state == .verified), "mayHold": .flag(visit.may(.privacyErase)),
      "danger": .flag(request.kind == .erasure),
      "holds": .list(
        detail.holds.map { hold in
          [
            "hold": .text(hold.id.description), "reason": .text(hold.reason), "basis": .text(hold.basis),
            "by": .text(hold.placedBy), "at": .text(formats.moment(hold.placedAt)),
          ]
        }),
      "hasHolds": .flag(!detail.holds.isEmpty),
      "erased": .list(
        detail.erased.map { part in
          [
            "context": .text(words.named("privacyContext", part.context)), "rows": .text(formats.number(part.rows)),
            "at": .optional(part.doneAt.map { formats.moment($0) }),
            "kept": .text(part.kept.map { visit.name(policy.kept[$0], $0) }.joined(separator: "；")),
          ]
        }),
      "hasErased": .flag(!detail.erased.isEmpty),
      "course": .list(
        detail.steps.reversed().map { step in
          [
            "text": .text(words("privacyStep.\(step.act)")), "by": .optional(step.by),
            "note": .optional(words.named("privacyContext", step.note)), "at": .text(formats.moment(step.at)),
            "tone": .text(["done", "erased"].contains(step.act) ? "ok" : step.act == "held" ? "high" : ""),
          ]
        }),
    ])
    return try await page(
      visit, "privacy-request", title: title, place: .privacy,
      crumbs: [Crumb(name: words("privacy.title"), href: "/privacy"), Crumb(name: title)], view: view)
  }
}
