import Foundation
package import Hummingbird

/// The check against forged requests from other sites (CSRF).
package enum SameOrigin {
  /// Stops a request that changes something in a person's name unless this site's own page sent it.
  ///
  /// Browsers send Sec-Fetch-Site or, older ones, Origin with every such request; neither can be set by a page.
  /// Without either it is not a browser, and must not come with a browser's cookie.
  /// - Throws: `Problem.crossOrigin`.
  package static func require(_ request: Request, context: HTTPContext) throws(Problem) {
    guard changes(request), case .cookie = context.caller?.proof else { return }
    guard isSame(request) == true else { throw .crossOrigin }
  }

  /// For signing in, which has no cookie yet: a browser's foreign page may not sign a person in as somebody else.
  package static func requireUnlessAbsent(_ request: Request) throws(Problem) {
    guard isSame(request) != false else { throw .crossOrigin }
  }

  static func changes(_ request: Request) -> Bool {
    request.method != .get && request.method != .head && request.method != .options
  }

  /// Whether the browser says the request comes from this site; nil when nothing is said.
  static func isSame(_ request: Request) -> Bool? {
    if let site = request.headers[.fetchSite] { return site == "same-origin" }
    guard let origin = request.headers[.origin] else { return nil }
    guard let host = request.head.authority, let separator = origin.range(of: "://") else { return false }
    return origin[..<separator.lowerBound] == "https" && origin[separator.upperBound...] == host
  }
}
