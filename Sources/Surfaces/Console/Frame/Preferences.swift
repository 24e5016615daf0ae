import HTTPTypes
import Hummingbird
import OpenAPI

/// A browser's language and theme: two cookies without personal data, kept for a year.
enum Preferences {
  static let languageCookie = "anju_language"
  static let themeCookie = "anju_theme"

  static func language(_ request: Request) -> Language {
    request.cookies[languageCookie].flatMap { Language(rawValue: $0.value) }
      ?? Language(accept: request.headers[.acceptLanguage])
  }

  static func theme(_ request: Request) -> Theme {
    request.cookies[themeCookie].flatMap { Theme(rawValue: $0.value) } ?? .system
  }

  /// Takes what the form chose and goes back to where it was sent from.
  static func change(_ form: PageForm) -> Response {
    var headers: HTTPFields = [.location: safePath(form["back"])]
    if let language = form["language"].flatMap({ Language(rawValue: $0) }) {
      headers[values: .setCookie].append(cookie(languageCookie, language.rawValue))
    }
    if let theme = form["theme"].flatMap({ Theme(rawValue: $0) }) {
      headers[values: .setCookie].append(cookie(themeCookie, theme.rawValue))
    }
    return Response(status: .seeOther, headers: headers)
  }

  /// The path when it is one of this site; the first page otherwise: a form must not lead elsewhere.
  static func safePath(_ path: String?) -> String {
    guard let path, path.hasPrefix("/"), !path.hasPrefix("//"), !path.hasPrefix("/\\"), path.utf8.count <= 2_000,
      path.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    else { return "/" }
    return path
  }

  private static func cookie(_ name: String, _ value: String) -> String {
    "\(name)=\(value); Path=/; Secure; SameSite=Lax; Max-Age=31536000"
  }
}
