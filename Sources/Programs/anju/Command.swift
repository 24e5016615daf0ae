import ArgumentParser

@main
struct Anju: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "anju",
    abstract: "Anju (安居): the platform that runs a rental-housing estate.",
    discussion: """
      Every setting is an option here and a variable of the environment: --http-port is ANJU_HTTP_PORT.
      Exit codes: 0 done, 1 failed, 64 wrong usage, 78 a setting cannot be used.
      """,
    subcommands: [
      AuditCommand.self,
      UpCommand.self,
      DoctorCommand.self,
      MQTTBrokerCommand.self,
      VaultCommand.self,
    ]
  )
}
