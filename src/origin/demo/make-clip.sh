#!/bin/sh
# Makes clip.flv and clip.mp4, the loop that the demonstration origin plays for ever, from ffmpeg's
# own synthetic sources. Needs ffmpeg with libx264 and a font that fontconfig finds.
#
# 8 seconds are 200 pictures at 25 Hz and exactly 375 AAC frames of 1024 samples at 48 kHz, so that
# neither track drifts when the clip is repeated.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

picture="testsrc2=size=640x360:rate=25:duration=8,
  hue=s=0.6:b=-0.6,
  drawbox=x=0:y=268:w=iw:h=92:color=0x101820:t=fill,
  drawtext=text='LOCKGATE DEMO':x=24:y=286:fontsize=26:fontcolor=white,
  drawtext=text='built-in live origin':x=24:y=322:fontsize=18:fontcolor=0xb8c4d0,
  drawtext=text='%{pts\:hms}':x=w-tw-24:y=292:fontsize=40:fontcolor=white,
  loop=loop=2:size=200"
# Both tones and the swell fit a whole number of times into 8 s: the loop cannot be heard.
tone="aevalsrc=sample_rate=48000:duration=24:
  exprs=0.03*(sin(2*PI*220*t)+sin(2*PI*330*t))*(1-cos(PI*t))/2"

# Three rounds are encoded and the middle one is kept: its first and last frames fit to each other.
# The audio is shifted by the encoder's priming (one frame), so that both tracks begin at 0.
# One thread, so that every run makes the same bytes.
ffmpeg -v error -y -f lavfi -i "$picture" -f lavfi -i "$tone" -map 0:v -map 1:a \
  -c:v libx264 -threads 1 -profile:v main -pix_fmt yuv420p -preset veryslow -tune animation \
  -bf 0 -refs 3 -b:v 210k -maxrate 250k -bufsize 500k \
  -force_key_frames 'expr:gte(t,2*n_forced)' -x264-params 'keyint=50:scenecut=0:open-gop=0' \
  -af asetpts=PTS+1024 -c:a aac -b:a 48k -ac 1 -flags +bitexact "$work/rounds.nut"

for output in clip.flv clip.mp4; do
  # One time scale for both tracks; a fragment begins at each keyframe.
  ffmpeg -v error -y -i "$work/rounds.nut" -map 0 -c copy -ss 8 -t 8 -fflags +bitexact \
    -flvflags no_duration_filesize -video_track_timescale 48000 \
    -movflags frag_keyframe+empty_moov+default_base_moof+skip_trailer "$output"
done
