import Foundation
import Kernel

/// A person's copy: for machines, and for people.
struct ExportFile: Codable {
  struct Section: Codable {
    let context: String
    var records: [HeldRecord]
  }

  var format = "anju-personal-data"
  var formatVersion = 1
  let subject: String
  let madeAt: String
  let policy: String
  let sections: [Section]

  init(subject: String, madeAt: String, policy: String, sections: [Section]) {
    self.subject = subject
    self.madeAt = madeAt
    self.policy = policy
    self.sections = sections
  }

  /// The ZIP; nil when it does not encode, which texts and numbers always do.
  func archive(_ policy: PrivacyPolicy) -> [UInt8]? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    guard let json = try? encoder.encode(self) else { return nil }
    var archive = ZipArchive()
    archive.add("data.json", Array(json))
    archive.add("readable.html", Array(html(policy).utf8))
    archive.add("records.csv", Array(csv.utf8))
    return archive.finished()
  }

  private func html(_ policy: PrivacyPolicy) -> String {
    var body = "<h1>个人信息副本 · Copy of personal data</h1><p>\(Self.escape(madeAt))</p>"
    for section in sections {
      for (category, records) in Dictionary(grouping: section.records, by: \.category).sorted(by: { $0.key < $1.key }) {
        let name = policy.categories[category].map { "\($0.zh) · \($0.en)" } ?? category
        body += "<h2>\(Self.escape(name))</h2>"
        for record in records {
          body += "<table>"
          for (key, value) in record.fields.sorted(by: { $0.key < $1.key }) {
            let label = policy.fields[key].map { "\($0.zh) · \($0.en)" } ?? key
            body += "<tr><th scope=\"row\">\(Self.escape(label))</th><td>\(Self.escape(value))</td></tr>"
          }
          body += "<tr><th scope=\"row\">时间 · Since</th><td>\(Self.escape(record.since))</td></tr></table>"
        }
      }
    }
    let style = """
      body{font:14px/1.6 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;\
      width:100%;margin:0 0 1rem}th,td{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}\
      th{width:16rem;font-weight:500}
      """
    return """
      <!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
      <title>个人信息副本 · Copy of personal data</title><style>\(style)</style>\(body)</html>
      """
  }

  private var csv: String {
    var text = "\u{feff}context,category,since,field,value\r\n"
    for section in sections {
      for record in section.records {
        for (key, value) in record.fields.sorted(by: { $0.key < $1.key }) {
          text += [section.context, record.category, record.since, key, value].map(Self.cell).joined(separator: ",")
          text += "\r\n"
        }
      }
    }
    return text
  }

  static func escape(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
  }

  /// Quoted; what a spreadsheet would run as a formula is made text.
  ///
  /// - Source: RFC 4180; OWASP, CSV injection.
  static func cell(_ value: String) -> String {
    let first = value.unicodeScalars.first
    let isFormula = first.map { "=+-@\t\r\n＝＋－＠".unicodeScalars.contains($0) } ?? false
    return "\"\((isFormula ? "'" : "") + value.replacing("\"", with: "\"\""))\""
  }
}
