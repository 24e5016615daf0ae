import ArgumentParser

@main
struct AnjuBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "anju bench",
    abstract: "Measure Anju beside a peer in the same run. Loopback only, bounded in time.",
    discussion: "Every table names the machine. Machines are noisy: trust the ratios.",
    subcommands: [
      AuditCommand.self,
      IntakeCommand.self,
      HistoryCommand.self,
      IdleCommand.self,
      AlarmLaneCommand.self,
      CryptoCommand.self,
      DeviceKeysCommand.self,
      ServeCommand.self,
      VaultBenchCommand.self,
    ]
  )
}
