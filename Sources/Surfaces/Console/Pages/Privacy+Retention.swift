import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI
import Privacy

/// How long data is kept, and the runs over what has had its time (留存与清理).
extension Console {
  func installRetention(on router: some RouterMethods<HTTPContext>) {
    get("/privacy/retention", on: router) { visit in try await retentionPage(visit) }
    get("/privacy/retention/run", on: router) { visit in
      guard visit.may(.privacyErase) else { throw Problem.denied(Permission.privacyErase.rawValue) }
      return try await runForm(visit)
    }
    post("/privacy/retention", on: router) { visit, form in
      let isDry = form["dry"] != "no"
      _ = try await services.privacy.beginRetention(isDry: isDry, by: try visit.principal())
      return Self.redirect("/privacy/retention?done=\(isDry ? "dry" : "run")")
    }
  }

  private func retentionPage(_ visit: Visit) async throws -> Response {
    let words = visit.words
    let found = try await services.privacy.retentionRuns(
      PageRequest(cursor: visit.query["after"], limit: 10), by: try visit.principal())
    let policy = services.privacy.policy
    let view: ViewValue = [
      "mayRun": .flag(visit.may(.privacyErase)),
      "done": .optional(visit.query["done"].map { words.named("retention", "done-\($0)") }),
      "classes": .list(
        policy.retention.map { kept in
          [
            "name": .text(visit.pick(kept.zh.name, kept.en.name)),
            "basis": .text(visit.pick(kept.zh.basis, kept.en.basis)),
            "days": .text(
              kept.days == 0
                ? words("retention.inUse") : words("retention.days", ["n": formats.number(Int(kept.days))])),
            "action": .text(words("retention.action-\(kept.action.rawValue)")),
          ]
        }),
      "runs": .list(found.items.map { runView($0, policy, visit) }), "hasRuns": .flag(!found.items.isEmpty),
      "range": .text(words("list.shown", ["n": String(found.items.count)])),
      "previous": .optional(visit.query["after"] == nil ? nil : visit.query.address(["after": nil])),
      "next": .optional(found.next.map { visit.query.address(["after": $0]) }),
    ]
    return try await page(
      visit, "retention", title: words("retention.title"), place: .privacy,
      crumbs: [Crumb(name: words("privacy.title"), href: "/privacy"), Crumb(name: words("retention.title"))],
      view: view)
  }

  private func runView(_ run: RetentionRun, _ policy: PrivacyPolicy, _ visit: Visit) -> ViewValue {
    let words = visit.words
    return [
      "kind": .text(words(run.isDry ? "retention.dryRun" : "retention.realRun")),
      "started": .text(formats.moment(run.startedAt)),
      "ended": .optional(run.doneAt.map { formats.moment($0) }),
      "due": .text(formats.number(run.lines.map(\.due).reduce(0, +))),
      "held": .text(formats.number(run.lines.map(\.held).reduce(0, +))),
      "lines": .list(
        run.lines.map { line in
          let kept = policy.retention(line.retention)
          return [
            "context": .text(words.named("privacyContext", line.context)),
            "name": .text(kept.map { visit.pick($0.zh.name, $0.en.name) } ?? line.retention),
            "before": .text(formats.moment(line.before)), "due": .text(formats.number(line.due)),
            "held": .text(formats.number(line.held)),
          ]
        }),
    ]
  }

  private func runForm(_ visit: Visit) async throws -> Response {
    let words = visit.words
    let title = words("retention.run")
    return try await page(
      visit, "confirm", title: title, place: .privacy,
      crumbs: [Crumb(name: words("retention.title"), href: "/privacy/retention"), Crumb(name: title)],
      view: [
        "dialog": .flag(visit.isFragment), "heading": .text(title), "action": "/privacy/retention",
        "back": "/privacy/retention", "effect": .text(words("retention.runEffect")), "act": .text(title),
        "facts": [], "fields": [["name": "dry", "value": "no"]],
      ], fragment: "confirm")
  }
}
