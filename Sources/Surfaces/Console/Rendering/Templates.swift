import Foundation
import Mustache

/// The pages' templates, read once when the program starts.
struct Templates: Sendable {
  private let library: MustacheLibrary
  /// Every template's text by name, for the tests.
  let texts: [String: String]

  /// - Parameter folder: holds `*.mustache`; a file's name without its ending is the template's.
  /// - Throws: when the folder cannot be read or a template is malformed.
  init(folder: URL) throws {
    MustacheContentTypes.register(EscapedHTML(), named: EscapedHTML.name)
    var texts: [String: String] = [:]
    var templates: [String: MustacheTemplate] = [:]
    for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    where file.pathExtension == "mustache" {
      let name = file.deletingPathExtension().lastPathComponent
      let text = try String(contentsOf: file, encoding: .utf8)
      texts[name] = text
      templates[name] = try MustacheTemplate(string: "{{% CONTENT_TYPE:\(EscapedHTML.name)}}\(text)")
    }
    self.texts = texts
    self.library = MustacheLibrary(templates: templates)
  }

  /// The template filled with the view, everything escaped but what the template marks as markup.
  ///
  /// - Throws: `TemplateMissing` when there is no template of this name.
  func render(_ name: String, _ view: ViewValue) throws -> String {
    guard let text = library.render(view, withTemplate: name) else { throw TemplateMissing(name: name) }
    return text
  }
}

/// A page named a template that is not in the program's folder.
struct TemplateMissing: Error {
  let name: String
}
