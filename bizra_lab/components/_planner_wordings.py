"""
What people say to Node0, in words with places for values: one set to make planners with, another to try them on.

A wording with a small initial is something to do, and is said with a phrase before and behind it. The two sets share no
wording, no phrase and no name. `HELD_OUT` was written before any planner was tried, and is not to be tuned to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wordings:
    """Ways to ask for each tool, and the phrases and names that they are filled with."""

    of_tools: Mapping[str, tuple[str, ...]]
    nothing_fits: tuple[str, ...]
    openings: tuple[str, ...]
    closings: tuple[str, ...]
    services: tuple[str, ...]
    things: tuple[str, ...]
    people: tuple[str, ...]
    words: tuple[str, ...]
    nodes: tuple[str, ...]
    folders: tuple[str, ...]
    functions: tuple[str, ...]
    results: tuple[str, ...]


TUNING = Wordings(
    of_tools={
        "run_study": (
            "run the {study} study",
            "run the study {study} under the {profile} profile",
            "execute the {study} notebook with profile {profile}",
        ),
        "audit_file": (
            "audit {path}",
            "audit the results in {path}, made with {workers} workers",
            "Can the figures in {path} be believed?",
        ),
        "judge_gates": (
            "judge the gates of run {run}",
            "Which gates fail in {run}?",
            "Does {run} pass its targets?",
        ),
        "compare_runs": (
            "compare run {before} with {after}",
            "What changed between {before} and {after}?",
            "Is {after} slower than {before}?",
        ),
        "show_history": (
            "show the history of {result}",
            "show me how {result} changed over the last {last} runs",
            "plot the trend of {result}",
        ),
        "write_report": (
            "write the report of {run}",
            "make an HTML page for run {run}",
            "I want to read the report for {run}",
        ),
        "check_machine": (
            "Is this machine fit to measure on?",
            "check the machine",
            "run the doctor",
        ),
        "list_names": (
            "list all {kind}",
            "Which {kind} are there?",
            "show the names of the {kind}",
        ),
        "measure_function": (
            "measure {function}",
            "measure the function {function} for {duration_s} with {workers} workers",
            "benchmark {function} at {rate_per_s} calls per second",
            "time {function} for {duration_s}",
        ),
        "seal_run": (
            "seal run {run}",
            "sign the evidence of {run}",
            "attest the record of run {run}",
        ),
        "verify_attestation": (
            "verify the attestation {path}",
            "check the signature of {path} with the key {public_key}",
            "Is the seal in {path} authentic?",
        ),
        "open_breaker": (
            "open the {breaker} breaker",
            "force the circuit breaker {breaker} open",
            "trip the breaker for {breaker}",
        ),
        "close_breaker": (
            "close the {breaker} breaker",
            "reset the circuit breaker of {breaker}",
            "let calls through breaker {breaker} again",
        ),
        "breaker_metrics": (
            "show the metrics of the breaker {breaker}",
            "What is the failure rate of the {breaker} breaker?",
            "In which state is the circuit breaker {breaker}?",
        ),
        "cache_get": (
            "get {key} from the cache",
            "look up {key} in the cache",
            "What does the cache hold under {key}?",
        ),
        "cache_put": (
            "put {value} into the cache under {key}",
            "store {value} in the cache as {key} for {ttl_s}",
            "cache {value} under the key {key}",
        ),
        "cache_invalidate": (
            "invalidate all cache entries under {prefix}",
            "drop everything that begins with {prefix} from the cache",
            "clear the prefix {prefix}",
        ),
        "cache_hit_rate": (
            "What is the hit rate of {layer}?",
            "show the share of hits in layer {layer}",
            "How many requests miss the {layer} cache?",
        ),
        "validate_record": (
            "validate the record of {email}, age {age}",
            "Is {email} a valid address for a user of {age} years?",
            "check the user {email} who is {age} years old",
        ),
        "cast_vote": (
            "cast the vote of {validator} for block {block} in epoch {epoch}",
            "vote for {block} as {validator} in epoch {epoch}",
            "let validator {validator} vote in epoch {epoch} for {block}",
        ),
        "chain_head": (
            "What is the head of the chain?",
            "show the head block",
            "On which block does the consensus agree now?",
        ),
        "block_finality": (
            "Is block {block} final?",
            "check the finality of {block} at {threshold_bps} basis points",
            "Has {block} reached its quorum?",
        ),
        "start_canary": (
            "start a canary of {release} with {share_percent} of the traffic",
            "roll {release} out to {share_percent} for {minutes} minutes",
            "begin the canary for release {release} at {share_percent} of traffic and watch it {minutes} minutes",
        ),
        "roll_back": (
            "roll back {release}",
            "undo the release {release}",
            "withdraw release {release}",
        ),
    },
    nothing_fits=(
        "What is the weather in Paris?",
        "Who wrote Faust?",
        "translate this sentence into Arabic",
        "book a table for four",
        "What is the square root of 2?",
        "send an email to the whole team",
        "play some music",
        "How tall is Mount Everest?",
        "rename the repository",
        "buy more memory for the server",
        "What time is it in Tokyo?",
        "write a poem about the sea",
    ),
    openings=("", "", "please ", "can you ", "I'd like you to ", "now "),
    closings=("", "", ".", " please.", " now."),
    services=("payments", "search", "billing-api", "inventory", "mailer"),
    things=("user", "session", "order", "price", "token"),
    people=("anna", "omar", "li", "jose"),
    words=("hello", "blue", "seven stars", "done", "empty"),
    nodes=("alpha", "beta", "gamma"),
    folders=("", "results/", "out/run1/"),
    functions=("shop.cart:add", "json:dumps", "app.views:index"),
    results=("latency_ns.p99", "share.failed", "cache.hits"),
)

HELD_OUT = Wordings(
    of_tools={
        "run_study": (
            "kick off the {study} study",
            "start the study called {study} using the {profile} profile",
            "measure the {study} component under profile {profile}",
            "We need the {study} study run again, {profile} profile this time.",
            "redo {study} as a study",
            "execute study {study} in {profile}",
        ),
        "audit_file": (
            "take {path} through the audit",
            "The load test left {path}; are its figures believable?",
            "audit {path} knowing it had {workers} connections",
            "tell me whether the numbers claimed in {path} may be believed",
            "check the claims in {path} ({workers} workers)",
            "scrutinise the load generator results of {path}",
        ),
        "judge_gates": (
            "tell me which gates of {run} are still open",
            "For {run}, do all the gates pass?",
            "evaluate the targets of run {run}",
            "How did run {run} do against its gates?",
            "go through the gates for {run}",
            "Did {run} miss any target?",
        ),
        "compare_runs": (
            "tell me what got faster from {before} to {after}",
            "put {before} and {after} side by side and compare them",
            "How does {after} differ from the earlier run {before}?",
            "diff the runs {before} and {after}",
            "Between {before} and {after}, what became slower?",
            "compare the later run {after} to the earlier {before}",
        ),
        "show_history": (
            "How has {result} developed over time?",
            "give me the trend for {result} across {last} runs",
            "pull up past values of {result}",
            "When did {result} change in the last {last} runs?",
            "display {result} over all past runs",
            "I want the history of the result {result}.",
        ),
        "write_report": (
            "generate the HTML report for {run}",
            "turn run {run} into a page I can print",
            "produce a report of run {run}",
            "I need something to read about {run}: its report.",
            "create the report page {run}",
            "prepare the write-up of run {run} as HTML",
        ),
        "check_machine": (
            "see whether this host is quiet enough to measure",
            "Would measuring on this machine make sense?",
            "call the doctor for this computer",
            "diagnose whether the machine is fit",
            "Is the host fit for benchmarks?",
            "How healthy is this machine for measuring?",
        ),
        "list_names": (
            "give me a list of the {kind}",
            "What {kind} do we have?",
            "enumerate the {kind}",
            "print the names of all {kind}",
            "I want to see every one of the {kind} listed.",
            "list the available {kind}",
        ),
        "measure_function": (
            "take the latency of {function}",
            "How fast is {function} when {workers} threads call it?",
            "run a benchmark of the function {function} lasting {duration_s}",
            "measure my function {function} under an open load of {rate_per_s} per second for {duration_s}",
            "put {function} on the clock for {duration_s} using {workers} workers",
            "benchmark my own {function}",
        ),
        "seal_run": (
            "put a seal on {run}",
            "create an attestation for run {run}",
            "have the record of {run} signed",
            "make {run} tamper-evident by sealing it",
            "seal the evidence from run {run}",
            "sign off the evidence {run}",
        ),
        "verify_attestation": (
            "make sure the attestation in {path} is authentic",
            "Has the sealed file {path} been altered? Verify it.",
            "verify {path} against the public key {public_key}",
            "Is the signature on {path} genuine?",
            "validate the seal {path} using {public_key}",
            "confirm that attestation {path} verifies",
        ),
        "open_breaker": (
            "stop all calls to {breaker} by opening its breaker",
            "set the breaker named {breaker} to open",
            "force open the circuit breaker in front of {breaker}",
            "block traffic to {breaker} at the breaker",
            "trip {breaker}'s circuit breaker",
            "I need the {breaker} circuit breaker forced open.",
        ),
        "close_breaker": (
            "bring the breaker {breaker} back to closed",
            "reset the {breaker} breaker so calls go through again",
            "close the circuit breaker that guards {breaker}",
            "let traffic to {breaker} through its breaker again",
            "reset breaker {breaker}",
            "The {breaker} service is back, close its circuit breaker.",
        ),
        "breaker_metrics": (
            "How many calls has the breaker {breaker} refused?",
            "tell me the state of {breaker}'s circuit breaker",
            "give me the numbers for the {breaker} breaker: failures and slow calls",
            "Is the circuit breaker of {breaker} currently failing calls? Show its metrics.",
            "report breaker metrics for {breaker}",
            "What failure rate does breaker {breaker} see?",
        ),
        "cache_get": (
            "read {key} out of the cache",
            "fetch the cached value of {key}",
            "Is there anything cached for {key}?",
            "show what is stored in the cache at {key}",
            "retrieve key {key} from cache",
            "I want the cache entry {key}.",
        ),
        "cache_put": (
            "save {value} at {key} in the cache",
            "write {value} to cache key {key}",
            "keep {value} cached as {key}, expiring after {ttl_s}",
            "set {key} to {value} in the cache with a time to live of {ttl_s}",
            "remember {value} under {key} in the cache",
            "put the text {value} in cache entry {key}",
        ),
        "cache_invalidate": (
            "throw out cached keys starting with {prefix}",
            "evict every entry with prefix {prefix}",
            "purge the cache for {prefix}",
            "remove all keys under {prefix} from cache",
            "Everything cached below {prefix} is stale, drop it.",
            "clear cache entries whose keys begin with {prefix}",
        ),
        "cache_hit_rate": (
            "How often does {layer} hit?",
            "tell me the hit ratio of cache layer {layer}",
            "What share of lookups does the {layer} layer answer?",
            "give me hits and misses for {layer}",
            "report the {layer} hit rate",
            "Is the hit rate on {layer} any good?",
        ),
        "validate_record": (
            "make sure that {email}, aged {age}, is a valid user",
            "validate a user with address {email} and age {age}",
            "A user says they are {age}, email {email}: is that record valid?",
            "run validation on {email} ({age} years)",
            "Would a record with email {email} and an age of {age} be accepted?",
            "check whether the address {email} is well formed and {age} is an allowed age",
        ),
        "cast_vote": (
            "have {validator} vote for {block}, epoch {epoch}",
            "submit a vote by {validator} on block {block} for epoch {epoch}",
            "In epoch {epoch}, {validator} votes for block {block}.",
            "register the vote of validator {validator}: block {block}, epoch {epoch}",
            "cast a vote in epoch {epoch} for block {block} from {validator}",
            "record that {validator} supports block {block} with its vote in epoch {epoch}",
        ),
        "chain_head": (
            "tell me the current head",
            "Which block is the tip of the chain?",
            "give me the block at the head of the consensus",
            "Where is the chain's head right now?",
            "fetch the latest agreed block",
            "report the chain head",
        ),
        "block_finality": (
            "tell me whether {block} has been finalised",
            "Is {block} justified with a threshold of {threshold_bps}?",
            "look at the finality of block {block}",
            "Can block {block} still be reverted or is it final?",
            "Did block {block} get a quorum of {threshold_bps} bps?",
            "find out if {block} counts as final",
        ),
        "start_canary": (
            "send {share_percent} of the traffic to {release} as a canary",
            "canary {release} at {share_percent}",
            "launch the canary release {release}: {share_percent} of traffic, {minutes} minutes",
            "give {release} {share_percent} of all requests for {minutes} minutes",
            "start rolling out {release} on {share_percent} of users",
            "We want {release} canaried to {share_percent} over {minutes} minutes.",
        ),
        "roll_back": (
            "take {release} back",
            "revert the deployment of {release}",
            "Release {release} misbehaves, roll it back.",
            "pull release {release} and return to the previous one",
            "perform a rollback of {release}",
            "back out of {release}",
        ),
    },
    nothing_fits=(
        "How do I get to the station?",
        "recommend a good book",
        "What is the capital of Kenya?",
        "order a pizza with mushrooms",
        "convert 30 euros to dollars",
        "summarise the news of the day",
        "remind me to call my mother",
        "What is 17 times 23?",
        "draw a picture of a horse",
        "Who won the match last night?",
        "set an alarm for half past six",
        "delete my account",
        "tell me a joke",
        "find a flight to Lisbon",
        "upgrade Python",
        "shut down the server",
        "invite Sara to the meeting",
        "How many people live in Egypt?",
        "restart the database",
        "create a new branch in git",
        "Which films are on tonight?",
        "proofread my letter",
        "water the plants",
        "change my password",
        "What does the word serendipity mean?",
        "install the latest drivers",
        "call a taxi",
        "resize this image",
        "Why is the sky blue?",
        "open the window",
    ),
    openings=("", "", "could you ", "would you ", "I want you to ", "let's ", "next, ", "hey, "),
    closings=("", "", ".", " thanks.", " for me.", " when you have a moment."),
    services=("checkout", "geocoder", "ledger-service", "recommendations", "auth", "thumbnails", "pricing_engine"),
    things=("basket", "profile", "invoice", "quote", "ticket", "tenant", "feed"),
    people=("maria", "yusuf", "chen", "ines", "pavel", "aisha"),
    words=("good morning", "red", "twelve apples", "ready", "north", "later"),
    nodes=("delta", "omega", "sigma", "kappa"),
    folders=("", "data/", "reports/2025/", "./"),
    functions=("bank.transfer:send_money", "re:compile", "api.handlers:get_user", "text.parse:tokenise"),
    results=("throughput_per_s.mean", "latency_ns.p50", "share.ok", "littles_law.ratio", "service_ns.max"),
)
