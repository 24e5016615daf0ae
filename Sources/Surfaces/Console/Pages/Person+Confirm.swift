import Accounts
import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI

/// Dialogs before what ends another person's access: they name the person and what will happen (ui.md, 6.4).
extension Console {
  func installPersonConfirmations(on router: some RouterMethods<HTTPContext>) {
    for act in PersonAct.allCases {
      get(RouterPath("/people/:account/\(act.path)"), on: router) { visit in
        let id: ID<Principal> = try visit.id("account")
        let account = try await services.accounts.account(id, by: try visit.principal())
        let isOffice = account.duty.map { $0 != .business } ?? false
        let needed: Permission = isOffice ? .accountsOfficers : .accountsWrite
        guard visit.may(needed) else { throw Problem.denied(needed.rawValue) }
        return try await confirmPage(visit, account, act)
      }
    }
  }

  /// What is asked about before it is done.
  private enum PersonAct: String, CaseIterable {
    case disable
    case resetPassword
    case removeFactor

    /// Of the page, and of the act that its form posts to.
    var path: String {
      switch self {
      case .disable: "activity"
      case .resetPassword: "password"
      case .removeFactor: "second-factor"
      }
    }
  }

  private func confirmPage(_ visit: Visit, _ account: Account, _ act: PersonAct) async throws -> Response {
    let words = visit.words
    let heading = words("people.\(act.rawValue)Name", ["name": account.displayName])
    let back = "/people/\(account.id)"
    return try await page(
      visit, "confirm", title: heading, place: .people,
      crumbs: [
        Crumb(name: words("people.title"), href: "/people"), Crumb(name: account.displayName, href: back),
        Crumb(name: heading),
      ],
      view: [
        "dialog": .flag(visit.isFragment), "heading": .text(heading), "action": .text("\(back)/\(act.path)"),
        "back": .text(back), "effect": .text(words("people.\(act.rawValue)Effect")), "act": .text(heading),
        "facts": [
          ["name": .text(words("people.displayName")), "value": .text(account.displayName)],
          ["name": .text(words("signIn.name")), "value": .text(account.name)],
        ],
        "fields": act == .disable ? [["name": "active", "value": "false"]] : [],
      ], fragment: "confirm")
  }
}
