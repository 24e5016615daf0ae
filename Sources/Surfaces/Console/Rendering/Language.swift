/// A language of the pages. Chinese comes first.
enum Language: String, Sendable, CaseIterable {
  case chinese = "zh-CN"
  case english = "en"

  /// The one to switch to.
  var other: Language { self == .chinese ? .english : .chinese }

  /// The best of an `Accept-Language` header: the first known tag; Chinese when none is known.
  init(accept header: String?) {
    for part in (header ?? "").split(separator: ",").prefix(16) {
      let tag = part.prefix { $0 != ";" }.lowercased().trimming()
      if tag == "zh" || tag.hasPrefix("zh-") {
        self = .chinese
        return
      }
      if tag == "en" || tag.hasPrefix("en-") {
        self = .english
        return
      }
    }
    self = .chinese
  }
}

extension String {
  /// Without the blanks at both ends.
  func trimming() -> String {
    String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
