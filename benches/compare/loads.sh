# The loads: a line each in every table.

declare -rA TITLE=(
    [connect]="new TLS connection, 1 KiB, close"
    [request]="1 KiB on a kept-alive connection"
    [segment]="MiB of 4 MiB segments"
)

# What the load program is told. Enough connections that a proxy finds something to do when it is
# done with something; few enough that opening them (outside the load's own window, but within the
# CPU time that is read here) is less than a thousandth of a measurement. Verifying every handshake
# would make the load slower than the proxy, which then pays for waiting.
declare -rA COMMAND=(
    [connect]="connect --connections 16 --verify-every 16"
    [request]="request --connections 16"
    [segment]="segment --connections 8"
)

declare -rA UNITS_PER_GET=(
    [connect]=1
    [request]=1
    [segment]=4
)

# Lockgate's CPU as a share of the first proxy's.
declare -rA GOAL=(
    [connect]=0.50
    [request]=0.95
    [segment]=0.90
)
