import Foundation

/// The texts of the pages in one language: `Localizations/zh-CN.json` and `en.json`, keyed `page.item`.
struct Words: Sendable {
  let language: Language
  private let texts: [String: String]
  /// For the templates: `{{t.page.item}}`.
  let view: ViewValue

  /// - Parameter json: an object of objects of texts, two levels.
  /// - Throws: when it is not that.
  init(language: Language, json: Data) throws {
    let pages = try JSONDecoder().decode([String: [String: String]].self, from: json)
    var texts: [String: String] = [:]
    for (page, items) in pages {
      for (item, text) in items { texts["\(page).\(item)"] = text }
    }
    self.language = language
    self.texts = texts
    self.view = .object(pages.mapValues { .object($0.mapValues { .text($0) }) })
  }

  /// All keys, for the tests.
  var keys: Set<String> { Set(texts.keys) }

  /// The text of a code that a device or a lower floor gave; the code itself when there is none.
  func named(_ page: String, _ code: String) -> String { texts["\(page).\(code)"] ?? code }

  /// A name that is only a number with its word: `1` is 1 单元; any other name is shown as it is.
  func counted(_ key: String, _ name: String) -> String { Int(name) == nil ? name : self(key, ["n": name]) }

  /// The text with its places filled: `{n}` by `["n": "3"]`. A key without a text is shown as itself.
  func callAsFunction(_ key: String, _ places: [String: String] = [:]) -> String {
    guard var text = texts[key] else { return key }
    for (name, value) in places { text = text.replacingOccurrences(of: "{\(name)}", with: value) }
    return text
  }
}
