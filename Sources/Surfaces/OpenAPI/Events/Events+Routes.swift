import HTTPTypes
import Hummingbird
package import Kernel
import Logging

extension OpenAPISurface {
  /// The stream of what happens, as it happens.
  package static func endpoints(
    of feed: EventFeed, journal: Journal, identify: Identify, reach: EventReach, time: Timekeeper
  ) -> [Endpoint] {
    let seats = StreamSeats()
    return [
      Endpoint(
        .get, "/api/v1/events", "followEvents", tag: "events",
        "Server-sent events; Last-Event-ID, which browsers send by themselves, goes on without loss.",
        access: .signedIn,
        parameters: [
          .query("topics", "alarms, commands, devices, liveness with commas between; all that the caller may hear.",
            .text(1...100, example: "alarms,liveness")),
          .query("after", "Begins after this event instead of now; Last-Event-ID goes before it.", .count),
          .header("Last-Event-ID", "The id of the last event that was read.", .text(0...20, example: "4711")),
        ],
        answer: .events, hasTimeLimit: false
      ) { call in
        guard let caller = call.context.caller else { throw Problem.unauthenticated }
        let topics = try topics(call, caller.principal)
        let start = try await start(call, journal)
        let seat = try seats.take(caller.principal.id)
        let stream = EventStream(
          feed: feed, journal: journal, time: time, identify: identify, reach: reach, caller: caller, topics: topics,
          channel: call.context.channel, logger: call.context.logger)
        let body = ResponseBody { writer in
          defer { withExtendedLifetime(seat) {} }
          try await stream.write(from: start, to: &writer)
          try await writer.finish(nil)
        }
        return Response(
          status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
      }
    ]
  }

  /// The topics asked for; all that the caller may hear when none are named.
  private static func topics(_ call: Call, _ principal: Principal) throws(Problem) -> Set<EventTopic> {
    let named: [EventTopic] = try call.words("topics")
    for topic in named where !principal.permissions.contains(topic.permission) {
      throw .denied(topic.permission.rawValue)
    }
    guard named.isEmpty else { return Set(named) }
    let allowed = Set(EventTopic.allCases.filter { principal.permissions.contains($0.permission) })
    guard !allowed.isEmpty else { throw .denied(Permission.alarmsRead.rawValue) }
    return allowed
  }

  /// Where the stream begins. A place ahead of the journal is of another data folder: it begins now.
  private static func start(_ call: Call, _ journal: Journal) async throws -> Int64 {
    let last = try await journal.last()
    let text = call.request.headers[.lastEventID] ?? call.value("after")
    guard let text, !text.isEmpty else { return last }
    guard let place = Int64(text), place >= 0 else {
      throw Problem.invalidParameter("Last-Event-ID", "is not the id of an event")
    }
    return min(place, last)
  }
}
