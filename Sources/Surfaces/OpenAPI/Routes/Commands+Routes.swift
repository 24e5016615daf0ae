import Devices
import HTTPTypes
import Hummingbird
import Kernel

extension OpenAPISurface {
  /// What a device shall be like: its twin.
  static func twinEndpoints(_ devices: Devices) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/devices/{device}/twin", "getTwin", tag: "twin",
        "What is desired of a device and what it reports.",
        access: .permission(.devicesRead), parameters: [.device], answer: .json(TwinBody.schema)
      ) { call in
        let twin = try await devices.twin(try call.id("device"), by: try call.principal())
        return try call.resource(TwinBody(twin), version: twin.desiredVersion)
      },
      Endpoint(
        .patch, "/api/v1/devices/{device}/twin", "desire", tag: "twin",
        "Changes what is desired; a device's report in between does not count as a change.",
        access: .permission(.devicesWrite), parameters: [.device, .ifMatch], body: .json(DesireBody.self),
        answer: .json(TwinBody.schema), problems: Endpoint.conditional + [.conflict]
      ) { call in
        let version = try call.expectedVersion()
        let body = try await call.body(DesireBody.self)
        let twin = try await devices.desire(
          try call.id("device"), body.desired, expecting: version, by: try call.principal())
        return try call.resource(TwinBody(twin), version: twin.desiredVersion)
      },
    ]
  }

  /// What a device shall do: commands as records.
  static func commandEndpoints(_ devices: Devices) -> [Endpoint] {
    let states = Endpoint.Parameter.query(
      "state", "States with commas between.", .text(1...100, example: "queued,sent"))
    return [
      Endpoint(
        .post, "/api/v1/devices/{device}/commands", "issueCommand", tag: "commands",
        "Gives a device a command; the same Idempotency-Key again answers with the first one.",
        access: .permission(.devicesCommand),
        parameters: [
          .device,
          .header(
            "Idempotency-Key", "A fresh text of the caller's for each new command.",
            .text(1...128, example: "b1f6"), isRequired: true),
        ],
        body: .json(NewCommandBody.self), answer: .json(CommandBody.schema, .accepted), problems: [.conflict]
      ) { call in
        let body = try await call.body(NewCommandBody.self)
        let new = NewCommand(
          device: try call.id("device"), service: body.service, arguments: body.arguments ?? [:],
          idempotencyKey: call.request.headers[.idempotencyKey], deadlineSeconds: body.deadlineSeconds)
        let command = try await devices.issue(new, by: try call.principal())
        return try call.answer(CommandBody(command), headers: [.location: "/api/v1/commands/\(command.id)"])
      },
      Endpoint(
        .get, "/api/v1/devices/{device}/commands", "listCommandsOfDevice", tag: "commands",
        "A device's commands, newest first.",
        access: .permission(.devicesRead), parameters: [.device, states] + Endpoint.Parameter.paging,
        answer: .page(of: CommandBody.self)
      ) { call in
        let device = try call.id("device", Device.self)
        // A list of nothing would hide that the device is not there.
        _ = try await devices.device(device, by: try call.principal())
        let query = CommandQuery(
          device: device, states: Set(try call.words("state")), page: try call.page())
        return try call.answer(try await devices.commands(query, by: try call.principal())) { CommandBody($0) }
      },
      Endpoint(
        .get, "/api/v1/commands", "listCommands", tag: "commands", "All commands, newest first.",
        access: .permission(.devicesRead), parameters: [states] + Endpoint.Parameter.paging,
        answer: .page(of: CommandBody.self)
      ) { call in
        let query = CommandQuery(states: Set(try call.words("state")), page: try call.page())
        return try call.answer(try await devices.commands(query, by: try call.principal())) { CommandBody($0) }
      },
      Endpoint(
        .get, "/api/v1/commands/{command}", "getCommand", tag: "commands", "One command and its true state.",
        access: .permission(.devicesRead), parameters: [.path("command", "The command's id.")],
        answer: .json(CommandBody.schema)
      ) { call in
        let command = try await devices.command(try call.id("command"), by: try call.principal())
        return try call.resource(CommandBody(command), version: command.version)
      },
    ]
  }
}
