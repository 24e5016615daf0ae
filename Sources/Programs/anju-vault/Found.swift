import ArgumentParser
import KeyService

extension AnjuVault {
  /// Makes a key service in an empty folder.
  struct Found: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a key service: its token, its store, and the custodians' shares, which are printed once.")

    @OptionGroup var folder: FolderOptions

    @Flag(help: "Keep the seal key in a file instead of shares: for one machine and for trying out.")
    var sealInFile = false

    @Option(help: "How many shares to make.")
    var shares = 5

    @Option(help: "How many of them open the key service.")
    var threshold = 3

    func validate() throws {
      guard (2...16).contains(threshold), (threshold...16).contains(shares) else {
        throw ValidationError("2 to 16 shares, of which 2 or more are needed.")
      }
    }

    func run() async throws {
      _ = ProcessHardening.apply()
      do {
        let place = try folder.opened()
        let core = try await folder.core(place)
        let made = try await place.found(core, sealInFile ? .file : .shares(threshold: threshold, count: shares))
        guard !made.isEmpty else { return tell("The key service is made; its seal key is in \(folder.data)/seal.key.") }
        tell("The key service is made. One share for each custodian, shown this once; \(threshold) of them open it:\n")
        for share in made { tell("  \(share.number)   \(share.text)") }
      } catch {
        throw fail(error)
      }
    }
  }
}
