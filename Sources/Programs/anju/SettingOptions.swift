import ArgumentParser
import Foundation
import Server

/// The settings of a server as options; each is also a variable of the environment.
struct SettingOptions: ParsableArguments {
  @Option(help: "The folder that holds everything the server keeps (default: .anju/data).")
  var data: String?

  @Option(help: "The address to listen on (default: 127.0.0.1).")
  var listen: String?

  @Flag(name: .customLong("public"), help: "Listen on all addresses: let others in.")
  var isPublic = false

  @Option(help: "The port of the pages and the API (default: 8443).")
  var httpPort: String?

  @Option(help: "The port of devices, MQTT over TLS (default: 8883).")
  var mqttPort: String?

  @Flag(help: "Start without the virtual building.")
  var empty = false

  @Option(help: "The port of the virtual building's control interface, on this machine only (default: 8090).")
  var controlPort: String?

  @Option(help: "More names and addresses of this server, with commas, for its certificate.")
  var names: String?

  @Option(help: "Where others reach this server, as https://anju.example.com: goes into identity certificates.")
  var publicAddress: String?

  @Option(help: "A PostgreSQL connection string instead of the embedded store.")
  var postgres: String?

  @Option(help: "The key service's own folder (default: the data folder's name with -vault).")
  var vaultData: String?

  @Flag(help: "Do not start the key service: somebody else does.")
  var noVault = false

  @Option(help: "A folder elsewhere for copies of the audit log's checkpoints.")
  var auditCopies: String?

  @Option(help: "A program that keeps the audit log's checkpoints; each is its input.")
  var auditCommand: String?

  @Option(help: "The folder of the pages' collected files (default: .anju/vendor).")
  var vendor: String?

  @Option(help: "Minutes east of UTC of the estate's days (default: 480).")
  var zoneMinutes: String?

  @Option(help: "trace, debug, info, notice, warning or error (default: notice).")
  var logLevel: String?

  /// The options over the environment.
  ///
  /// - Throws: `ExitCode` 78 after saying which setting is wrong.
  func configuration() throws -> ServerConfiguration {
    let given: [(ServerConfiguration.Key, String?)] = [
      (.data, data), (.listen, isPublic ? listen ?? "0.0.0.0" : listen), (.httpPort, httpPort),
      (.mqttPort, mqttPort), (.names, names), (.publicAddress, publicAddress), (.postgres, postgres),
      (.vendor, vendor), (.vaultData, vaultData),
      (.vaultStart, noVault ? "false" : nil), (.auditCopies, auditCopies), (.auditCommand, auditCommand),
      (.zoneMinutes, zoneMinutes), (.logLevel, logLevel), (.empty, empty ? "true" : nil), (.controlPort, controlPort),
    ]
    return try Self.read(given)
  }

  /// What is given over the environment.
  ///
  /// - Throws: `ExitCode` 78 after saying which setting is wrong.
  static func read(_ given: [(ServerConfiguration.Key, String?)]) throws(ExitCode) -> ServerConfiguration {
    let options = Dictionary(uniqueKeysWithValues: given.compactMap { key, value in value.map { (key, $0) } })
    do throws(ConfigurationError) {
      return try ServerConfiguration.read(
        options: options,
        environment: ProcessInfo.processInfo.environment,
        currentFolder: URL(fileURLWithPath: FileManager.default.currentDirectoryPath, isDirectory: true))
    } catch {
      FileHandle.standardError.write(Data("anju: \(error)\n".utf8))
      throw ExitCode(78)
    }
  }
}
