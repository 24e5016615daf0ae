import Foundation
import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import OpenAPI

/// Where in the console a page is.
enum Place: String, CaseIterable {
  case today
  case rooms
  case alarms
  case devices
  case provisioning
  case people
  case privacy
  case identities
  case audit
  case help

  /// Whether there is something there for the person: pages do not offer what would be refused.
  func isOpen(to visit: Visit) -> Bool {
    guard visit.context.caller != nil else { return true }
    switch self {
    case .today: return visit.may(.alarmsRead) && visit.may(.devicesRead)
    // The board shows a room's loudest state, alarms first.
    case .rooms: return visit.may(.estateRead) && visit.may(.devicesRead) && visit.may(.alarmsRead)
    case .alarms: return visit.may(.alarmsRead)
    case .devices: return visit.may(.devicesRead)
    case .provisioning: return visit.mayEverywhere(.devicesRead)
    case .people: return visit.may(.accountsRead)
    case .privacy: return visit.may(.privacyRead)
    case .identities: return visit.may(.identitiesRead)
    case .audit: return visit.may(.auditRead)
    case .help: return true
    }
  }

  var icon: String {
    switch self {
    case .today: "house"
    case .rooms: "layout-grid"
    case .alarms: "siren"
    case .devices: "cpu"
    case .privacy: "shield-check"
    case .people: "user-round"
    case .provisioning: "factory"
    case .identities: "badge-check"
    case .audit: "scroll-text"
    case .help: "circle-question-mark"
    }
  }
}

/// One step of the path at the top of a page.
struct Crumb: Sendable {
  var name: String
  var href: String?
  /// Others to go to from here: a label and the addresses.
  var choices: (label: String, options: [(name: String, href: String, here: Bool)])?
}

extension Console {
  /// A whole page, or for htmx the part of it that has this template.
  ///
  /// - Parameters:
  ///   - live: what the page's event stream tells; nil for a page that does not change.
  ///   - feedful: the page has the alarm feed at its side and does not scroll as a whole.
  ///   - framed: whether navigation is around it, for who is signed in.
  func page(
    _ visit: Visit, _ template: String, title: String, place: Place? = nil, crumbs: [Crumb] = [], live: String? = nil,
    feedful: Bool = false, view: ViewValue, fragment: String? = nil, framed: Bool = true
  ) async throws -> Response {
    let view = view.with(shared(visit))
    if visit.isFragment, let fragment { return html(try templates.render(fragment, view)) }
    var content = try templates.render(template, view)
    var layout = shared(visit)
    if framed, let caller = visit.context.caller, caller.principal.isComplete {
      let frame = try await frame(
        visit, caller.principal, place: place, crumbs: crumbs.isEmpty ? [Crumb(name: title)] : crumbs)
      content = try templates.render(
        "frame", .object(shared(visit)).with(frame).with(["page": .text(content), "feedful": .flag(feedful)]))
      layout["live"] = .text("/live?\(live ?? "on=none")&after=\(try await services.journal.last())")
    }
    layout.merge(
      [
        "lang": .text(visit.language.rawValue), "title": .text(title), "scheme": .text(visit.theme.scheme),
        "darkMedia": .text(visit.theme.media), "clock": .text(String(visit.now.milliseconds)),
        "content": .text(content),
      ], uniquingKeysWith: { _, new in new })
    return html(try templates.render("layout", .object(layout)))
  }

  /// HTML with the policy of the pages.
  func html(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status,
      headers: [
        .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
        .contentSecurityPolicy: Self.contentSecurityPolicy, .vary: "HX-Request, Cookie, Accept-Language",
      ],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }

  /// JSON for a script of ours.
  func json(_ value: some Encodable) throws -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
      body: .init(byteBuffer: ByteBuffer(bytes: try JSONEncoder().encode(value))))
  }

  /// Nothing inline, nothing from elsewhere.
  static let contentSecurityPolicy = """
    default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
    connect-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'
    """

  /// What every template may use.
  func shared(_ visit: Visit) -> [String: ViewValue] {
    [
      "t": visit.words.view,
      "static": .text("/static/\(files.version)"),
      "vendor": .text("/vendor/\(files.version)"),
      "otherLanguage": .text(visit.language.other.rawValue),
    ]
  }

  private func frame(
    _ visit: Visit, _ principal: Principal, place: Place?, crumbs: [Crumb]
  ) async throws -> [String: ViewValue] {
    let open = principal.permissions.contains(.alarmsRead) ? try await openAlarms(principal) : 0
    return [
      "logo": ["icon": "building-2"],
      "chevron": ["icon": "chevron-down"],
      "leave": ["icon": "log-out"],
      "nav": .list(
        Place.allCases.filter { $0.isOpen(to: visit) }.map { item in
          [
            "href": .text("/\(item.rawValue)"), "icon": .text(item.icon), "here": .flag(item == place),
            "name": .text(visit.words("nav.\(item.rawValue)")),
            "badge": item == .alarms ? .text(String(open)) : .none,
          ]
        }),
      "crumbs": .list(crumbViews(crumbs)),
      "themes": .list(
        Theme.allCases.map { theme in
          [
            "key": .text(theme.rawValue), "media": .text(theme.media), "icon": .text(theme.icon),
            "name": .text(visit.words("theme.\(theme.rawValue)")), "here": .flag(theme == visit.theme),
          ]
        }),
      "back": .text(visit.request.method == .get ? visit.request.uri.string : "/today"),
      "person": .text(principal.name), "mayDevices": .flag(visit.may(.devicesRead)),
      "mayKeys": .flag(visit.may(.accountsKeys) || visit.may(.accountsRead)),
      "initials": .text(Self.initials(principal.name)),
    ]
  }

  private func crumbViews(_ crumbs: [Crumb]) -> [ViewValue] {
    crumbs.enumerated().map { index, crumb in
      var view: [String: ViewValue] = [
        "name": .text(crumb.name), "href": .optional(crumb.href), "first": .flag(index == 0),
        "last": .flag(index == crumbs.count - 1),
        "choices": .none,
      ]
      if let choices = crumb.choices, choices.options.count > 1 {
        view["choices"] = [
          "label": .text(choices.label),
          "options": .list(
            choices.options.map { ["name": .text($0.name), "href": .text($0.href), "here": .flag($0.here)] }),
        ]
      }
      return .object(view)
    }
  }

  /// Two letters for the round mark: 王敏, or AD of admin.
  static func initials(_ name: String) -> String {
    let isChinese = name.unicodeScalars.contains { $0.value >= 0x2e80 }
    return isChinese ? String(name.suffix(2)) : name.prefix(2).uppercased()
  }
}
