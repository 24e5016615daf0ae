/// A setting that cannot be used; the start stops with its name.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// The environment variable's name.
  package let name: String
  package let description: String

  init(key: ServerConfiguration.Key, value: String, expected: String) {
    name = key.environmentName
    let option = "--" + key.rawValue.replacing(".", with: "-")
    // A connection string may hold a password.
    let shown = key == .postgres ? "…" : value
    description = "\(option) (\(key.environmentName)) is \"\(shown)\"; expected \(expected)"
  }

  init(unknown name: String, known: Set<String>) {
    self.name = name
    description = "\(name) is not a setting; there are \(known.sorted().joined(separator: ", "))"
  }
}
