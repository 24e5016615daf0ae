import HTTPTypes
import Hummingbird
import Kernel
import OpenAPI

/// One request of a page: who comes, in which language and theme, and what the address says.
struct Visit: Sendable {
  let request: Request
  var context: HTTPContext
  let language: Language
  let words: Words
  let theme: Theme
  let query: PageQuery
  let formats: Formats
  var now: Instant

  /// Who is signed in.
  ///
  /// - Throws: `Problem.unauthenticated`, which leads to the sign-in page.
  func principal() throws(Problem) -> Principal {
    guard let caller = context.caller else { throw .unauthenticated }
    return caller.principal
  }

  /// Whether htmx asks for a part of the page; going back in history asks for all of it.
  var isFragment: Bool {
    request.headers[.htmxRequest] == "true" && request.headers[.htmxHistoryRestore] != "true"
  }

  /// The id in the path.
  ///
  /// - Throws: not found for anything that is none.
  func id<T>(_ name: String, _: T.Type = T.self) throws(Problem) -> ID<T> {
    guard let text = context.parameters.get(name), let id = ID<T>(text) else { throw .notFound(name) }
    return id
  }

  /// Whether the person may do it: pages do not offer what would be refused.
  func may(_ permission: Permission) -> Bool {
    context.caller?.principal.permissions.contains(permission) ?? false
  }

  /// Whether the person may do it in the whole organisation: keys of devices belong to no building.
  func mayEverywhere(_ permission: Permission) -> Bool {
    context.caller?.principal.scopes(of: permission).contains(.organisation) ?? false
  }

  /// A moment as the time element takes it.
  func since(_ moment: Instant) -> [String: ViewValue] {
    ["since": "\(moment.milliseconds)", "ago": .text(words.ago(moment, now: now))]
  }
}

extension HTTPField.Name {
  static let htmxRequest = known("HX-Request")
  static let htmxHistoryRestore = known("HX-History-Restore-Request")
  static let htmxTrigger = known("HX-Trigger")
  static let htmxRedirect = known("HX-Redirect")
  static let accelBuffering = known("X-Accel-Buffering")

  private static func known(_ name: String) -> HTTPField.Name {
    guard let field = HTTPField.Name(name) else { preconditionFailure("not a header name: \(name)") }
    return field
  }
}
