@echo off
rem Opens the workspace by double click, on Windows. Lies beside amparo.exe. The window
rem shows a link, in case no browser opens, and the workspace ends when the window is closed.
chcp 65001 >nul
"%~dp0amparo.exe" serve
if errorlevel 1 pause
