import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI
import Provisioning

/// What the pages of stations, lots and keys share.
extension Console {
  /// The three lists.
  enum ProvisioningTab: String, CaseIterable {
    case stations
    case lots
    case keys

    var path: String { self == .stations ? "/provisioning" : "/provisioning/\(rawValue)" }
  }

  func provisioningTabs(_ here: ProvisioningTab, _ words: Words) -> ViewValue {
    .list(
      ProvisioningTab.allCases.map { tab in
        [
          "href": .text(tab.path), "name": .text(words("provisioning.tab-\(tab.rawValue)")),
          "here": .flag(tab == here),
        ]
      })
  }

  /// The path at the top of a page below one of the lists.
  func provisioningCrumbs(_ tab: ProvisioningTab, _ words: Words, _ rest: Crumb...) -> [Crumb] {
    [Crumb(name: words("provisioning.tab-\(tab.rawValue)"), href: tab.path)] + rest
  }

  /// What the context's error says, in the visitor's language; for a field which one it is.
  func text(_ error: ProvisioningError, _ words: Words) -> String {
    switch error {
    case .fieldInvalid(let field, _): words.named("provisioningField", field)
    case .deviceHasKey(let name): words("provisioning.hasKey", ["name": name])
    case .quotaExceeded(let quota): words("provisioning.quotaExceeded", ["n": formats.number(quota)])
    default: words.named("code", error.code)
    }
  }

  /// Where an error belongs in its form: `at-name` under that field, else `problem` above all.
  func place(_ error: ProvisioningError, _ words: Words) -> [String: ViewValue] {
    let text = ViewValue.text(text(error, words))
    switch error {
    case .fieldInvalid(let field, _): return ["at-\(field)": text]
    case .nameTaken: return ["at-name": text]
    default: return ["problem": text]
    }
  }

  /// Who shows an error in the form rather than on a page of its own.
  static func isOfForm(_ error: ProvisioningError) -> Bool {
    switch error.kind {
    case .denied: error == .stationBlocked
    case .notFound: false
    default: true
    }
  }

  /// A choice of a form.
  func option(_ value: String, _ text: String, _ here: String?) -> ViewValue {
    ["value": .text(value), "text": .text(text), "here": .flag(value == here)]
  }

  /// Cursor pages: what stands under the table.
  func paging(_ count: Int, next: String?, _ visit: Visit) -> [String: ViewValue] {
    [
      "hasRows": .flag(count > 0), "range": .text(visit.words("list.shown", ["n": String(count)])),
      "previous": .optional(visit.query["after"] == nil ? nil : visit.query.address(["after": nil])),
      "next": .optional(next.map { visit.query.address(["after": $0]) }),
      "export": .text(visit.query.address(["format": "csv", "after": nil])),
    ]
  }

  /// What was done, after a redirect.
  func done(_ visit: Visit) -> ViewValue {
    .optional(visit.query["done"].map { visit.words.named("provisioning", "done-\($0)") })
  }

  // MARK: A question with a reason

  /// A dialog that names what will happen and to what, and asks why.
  struct ReasonAsked {
    let tab: ProvisioningTab
    let heading: String
    let effect: String
    let facts: [(String, String)]
    /// Where the form goes.
    let action: String
    let back: Crumb
    var act: String
    var fields: [(String, String)] = []
  }

  func reasonPage(
    _ visit: Visit, _ asked: ReasonAsked, typed: String? = nil, problem: String? = nil
  ) async throws -> Response {
    let words = visit.words
    let view: ViewValue = [
      "dialog": .flag(visit.isFragment), "heading": .text(asked.heading), "effect": .text(asked.effect),
      "action": .text(asked.action), "back": .optional(asked.back.href), "act": .text(asked.act),
      "typed": .optional(typed), "problem": .optional(problem),
      "facts": .list(asked.facts.map { ["name": .text($0.0), "value": .text($0.1)] }),
      "fields": .list(asked.fields.map { ["name": .text($0.0), "value": .text($0.1)] }),
    ]
    var response = try await page(
      visit, "reason", title: asked.heading, place: .provisioning,
      crumbs: provisioningCrumbs(asked.tab, words, asked.back, Crumb(name: asked.heading)), view: view,
      fragment: "reason")
    if problem != nil { response.status = .unprocessableContent }
    return response
  }

  /// Does what was asked about; without a reason the question is asked again.
  func withReason(
    _ visit: Visit, _ form: PageForm, _ asked: ReasonAsked, then path: String,
    _ act: (_ reason: String) async throws(ProvisioningError) -> Void
  ) async throws -> Response {
    do throws(ProvisioningError) {
      try await act(form["reason"] ?? "")
      return Self.redirect(path)
    } catch {
      guard case .fieldInvalid = error else { throw error }
      return try await reasonPage(visit, asked, typed: form["reason"], problem: text(error, visit.words))
    }
  }
}
