import Foundation
import Testing

@testable import Console

@Suite("Templates")
struct TemplatesTests {
  private let templates: Templates

  init() throws {
    templates = try Templates(folder: Console.resources().appendingPathComponent("Templates"))
  }

  @Test("nothing is inline: no script, no style, no handler")
  func nothingInline() {
    #expect(templates.texts.count > 20)
    let inline = #/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:|hx-on/#
    for (name, text) in templates.texts {
      #expect(text.firstMatch(of: inline) == nil, "\(name)")
    }
  }

  @Test("markup is only put in where the server made it")
  func rawMarkup() {
    for (name, text) in templates.texts {
      for match in text.matches(of: #/\{\{\{\s*([a-zA-Z.]+)/#) {
        #expect(["content", "page", "qr", "spark"].contains(String(match.output.1)), "\(name): \(match.output.1)")
      }
      #expect(!text.contains("{{&"), "\(name)")
    }
  }

  @Test("every icon that a page draws is among those collected")
  func icons() throws {
    let known = Set(try Sources.text("scripts/icons.txt").split(separator: "\n").map(String.init))
    for (name, text) in templates.texts {
      for match in text.matches(of: #/icons\.svg#([a-z0-9-]+)"/#) {
        #expect(known.contains(String(match.output.1)), "\(name): \(match.output.1)")
      }
    }
    let looks = RoomState.allCases.compactMap(\.icon) + Place.allCases.map(\.icon) + Theme.allCases.map(\.icon)
    for icon in looks { #expect(known.contains(icon), "\(icon)") }
  }

  @Test("every partial exists")
  func partials() {
    for (name, text) in templates.texts {
      for match in text.matches(of: #/\{\{>\s*([a-z0-9-]+)\s*\}\}/#) {
        #expect(templates.texts[String(match.output.1)] != nil, "\(name): \(match.output.1)")
      }
    }
  }

  @Test("what a device says is escaped, also a quote with an accent after it")
  func escaping() throws {
    let evil = "\"\u{301} onmouseover=alert(1) x='<script>&"
    let text = try templates.render("problem", ["heading": .text(evil), "href": .text(evil)])
    #expect(text.contains("&quot;\u{301} onmouseover=alert(1) x=&#39;&lt;script&gt;&amp;"))
    #expect(!text.contains("<script"))
  }

  @Test("a partial escapes too")
  func escapingInPartials() throws {
    let text = try templates.render("feed-cards", ["alarms": [["name": "<b>\"\u{301}", "id": "1"]]])
    #expect(text.contains("&lt;b&gt;&quot;\u{301}"))
  }

  @Test("an empty text counts as absent")
  func emptyText() throws {
    let empty = try templates.render("problem", ["request": ""])
    #expect(!empty.contains("class=\"mono\""))
    let given = try templates.render("problem", ["request": "7f"])
    #expect(given.contains("class=\"mono\""))
  }

  @Test("a template that does not exist is an error")
  func missing() {
    #expect(throws: TemplateMissing.self) { try templates.render("none", [:]) }
  }
}
