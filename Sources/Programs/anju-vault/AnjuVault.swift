import ArgumentParser

@main
struct AnjuVault: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "anju-vault",
    abstract: "Anju's key service: master keys in a PKCS #11 token, wrapped keys in a store of its own.",
    discussion: """
      A process, a user and a folder of its own. Custodians speak to it with `anju vault …`. See docs/key-service.md.
      Exit codes: 0 done, 1 failed, 64 wrong usage.
      """,
    subcommands: [Found.self, Run.self])
}
